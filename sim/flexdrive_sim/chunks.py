"""Long work in chunks: over any executor, resumable, indifferent to workers that die.

A chunk is a call of a module-level function whose result JSON can hold. Finished chunks are kept
in a directory, so that work which was stopped goes on where it was; a chunk whose worker died is
computed again. Results do not depend on who computed what, nor in which order.
"""

import functools
import hashlib
import json
import os
import threading
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ProcessPoolExecutor, wait
from pathlib import Path

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.errors import FileError

from .progress import Progress

__all__ = ["ChunkError", "kept_by_worker", "run_chunks"]

_TRIES = 4


class ChunkError(FlexdriveError):
    """A chunk whose worker died again and again."""


def kept_by_worker(count):
    """Decorator of a function that makes what chunks need and what is slow to make, such as an
    engine: the last ``count`` of them are kept for each thread, since they are not to be shared."""
    def decorate(make):
        local = threading.local()

        @functools.wraps(make)
        def kept(*arguments):
            if not hasattr(local, "make"):
                local.make = functools.lru_cache(count)(make)
            return local.make(*arguments)
        return kept
    return decorate


class _Kept:
    """Results in a directory, one file a chunk; ``identity`` says what they belong to."""

    def __init__(self, place, identity):
        self._place = Path(place) if place is not None else None
        self._identity = hashlib.sha256(identity.encode()).hexdigest()
        if self._place is None:
            return
        try:
            self._place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"{place}: cannot be made a directory ({error.strerror})") from None
        foreign = [path.name for path in self._place.glob("*.json")
                   if self._document(path) is not None
                   and self._document(path).get("work") != self._identity]
        if foreign:
            raise FileError(f"{place} holds results of other work ({foreign[0]}); name another "
                            "directory, or the one of this same work")

    @staticmethod
    def _document(path):
        """What a file holds; None when it is damaged, then its chunk is computed again."""
        try:
            document = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return document if isinstance(document, dict) and "result" in document else None

    def get(self, key):
        """(whether there is one, the result) of a chunk."""
        if self._place is None:
            return False, None
        document = self._document(self._place / f"{key}.json")
        return (False, None) if document is None else (True, document["result"])

    def put(self, key, result):
        """Keep a result, whole or not at all."""
        if self._place is None:
            return
        file = self._place / f"{key}.json"
        temporary = file.with_name(f".{key}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps({"work": self._identity, "result": result}), "utf-8")
        temporary.replace(file)


def _died(error):
    """Whether a future ended because its worker did, not because of its work."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


class _Workers:
    """The executor that was given, or processes of this machine that are replaced when they
    die."""

    def __init__(self, executor, workers):
        self._given, self._count = executor, workers
        self._own = None

    @property
    def width(self):
        """Chunks that are worth having under way."""
        if self._given is None:
            return 2 * (self._count or os.cpu_count() or 1)
        count = getattr(self._given, "_max_workers", None)
        return 2 * count if isinstance(count, int) else 64

    def submit(self, function, *arguments):
        """A future."""
        if self._given is not None:
            return self._given.submit(function, *arguments)
        if self._own is None:
            self._own = ProcessPoolExecutor(self._count)
        try:
            return self._own.submit(function, *arguments)
        except BrokenExecutor:
            self.close()
            return self.submit(function, *arguments)

    def close(self):
        """Stop processes of our own."""
        if self._own is not None:
            self._own.shutdown(wait=False, cancel_futures=True)
            self._own = None


def run_chunks(function, chunks, *, identity, executor=None, workers=None, keep=None,
               progress=None, description="", seconds=None):
    """Compute ``function(*arguments)`` of every chunk.

    Parameters
    ----------
    function : of a module, so that other processes find it; its result is kept as JSON.
    chunks : {key: function without arguments that makes the arguments}; keys become file names.
    identity : text that differs when results must not be mixed.
    executor : any ``concurrent.futures.Executor`` (of a Dask client: ``client.get_executor()``);
        by default ``workers`` processes on this machine.
    keep : directory for finished chunks, or None.
    progress : as of :class:`~.progress.Progress`.
    seconds : no chunk is begun after so many; those that were come before those that were not.

    Returns
    -------
    {key: result} in the order of ``chunks``.

    Raises
    ------
    ChunkError
        when the worker of one chunk died four times. Errors of ``function`` are passed on.
    """
    kept, results, tries = _Kept(keep, identity), {}, dict.fromkeys(chunks, 0)
    waiting = []
    for key in chunks:
        there, result = kept.get(key)
        if there:
            results[key] = result
        else:
            waiting.append(key)
    waiting.reverse()
    crew, under_way = _Workers(executor, workers), {}
    begin = time.monotonic()
    end = float("inf") if seconds is None else begin + seconds
    with Progress(progress) as shown:
        bar = (shown.bar(description, len(chunks), done=len(results)) if seconds is None
               else shown.bar(f"{description}, seconds", round(seconds)))
        try:
            while waiting or under_way:
                if time.monotonic() > end:
                    # What a dead worker gave back was begun, and is finished.
                    waiting = [key for key in waiting if tries[key]]
                while waiting and len(under_way) < crew.width:
                    key = waiting.pop()
                    under_way[crew.submit(function, *chunks[key]())] = key
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    key = under_way.pop(future)
                    error = future.exception()
                    if error is None:
                        results[key] = future.result()
                        kept.put(key, results[key])
                        bar(None if seconds is None else time.monotonic() - begin)
                    elif _died(error):
                        tries[key] += 1
                        if tries[key] == _TRIES:
                            raise ChunkError(f"Chunk {key}: its worker died {_TRIES} times. What "
                                             "would pass: smaller chunks, or more memory")
                        waiting.append(key)
                    else:
                        raise error
        finally:
            for future in under_way:
                future.cancel()
            crew.close()
    return {key: results[key] for key in chunks if key in results}
