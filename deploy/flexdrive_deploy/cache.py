"""What was built and is kept, by the digest of all that it depends on."""

import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

__all__ = ["cache_directory", "kept"]


def cache_directory():
    """Where what was built is kept: ``$XDG_CACHE_HOME/flexdrive``, else ``~/.cache/flexdrive``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "flexdrive"


def kept(kind, key, make):
    """The directory ``kind/key`` of the user's cache.

    If it is not there, ``make(directory)`` fills an empty one, which takes that place when all of
    it is there: what is interrupted leaves nothing that is used. Of several processes that want the
    same, one makes it and the others wait.
    """
    final = cache_directory() / kind / key
    if final.exists():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(final.with_suffix(".lock")):
        if final.exists():
            return final
        place = Path(tempfile.mkdtemp(prefix="build-", dir=final.parent))
        try:
            make(place)
            os.rename(place, final)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return final
