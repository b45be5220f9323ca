"""Pages of docs/results that commands write."""

import tempfile
from pathlib import Path

from flexdrive_deploy.errors import FileError

__all__ = ["checked_page"]


def checked_page(path):
    """``path`` of a page, whose directory is seen to be writable before the work begins.

    Raises
    ------
    FileError
        when it is not; says why.
    """
    path = Path(path)
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}); choose another place with "
                        "--page") from None
