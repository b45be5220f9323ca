"""What was built and is kept, by the digest of all that it depends on."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from flexdrive.errors import FlexdriveError

__all__ = ["cache_directory", "filled", "kept"]


def cache_directory():
    """Where what was built is kept: ``$XDG_CACHE_HOME/flexdrive``, else ``~/.cache/flexdrive``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "flexdrive"


@contextmanager
def _told(place):
    """What the system says when it does not let us write, as one line."""
    try:
        yield
    except OSError as error:
        raise FlexdriveError(
            f"What was built cannot be kept in {place}: {error.strerror}. What would pass: "
            "XDG_CACHE_HOME=DIR with a directory that can be written") from None


def filled(kind, key):
    """The directory ``kind/key`` of the user's cache, made when it is not there, for what comes to
    it file by file.

    Raises
    ------
    FlexdriveError
        when nothing can be written there.
    """
    place = cache_directory() / kind / key
    with _told(place):
        place.mkdir(parents=True, exist_ok=True)
    return place


def kept(kind, key, make):
    """The directory ``kind/key`` of the user's cache.

    If it is not there, ``make(directory)`` fills an empty one, which takes that place when all of
    it is there: what is interrupted leaves nothing that is used. Of several processes that want the
    same, one makes it and the others wait.

    Raises
    ------
    FlexdriveError
        when nothing can be written there.
    """
    final = cache_directory() / kind / key
    if final.exists():
        return final
    lock = FileLock(final.with_suffix(".lock"))
    with _told(final.parent):
        final.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        if not final.exists():
            place = Path(tempfile.mkdtemp(prefix="build-", dir=final.parent))
            try:
                make(place)
                os.rename(place, final)
            finally:
                shutil.rmtree(place, ignore_errors=True)
    finally:
        lock.release()
    return final
