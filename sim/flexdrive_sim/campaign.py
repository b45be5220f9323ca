"""Campaigns: many runs that follow from their seeds, over any executor.

A campaign is a list of chunks (:mod:`.chunks`), each of which does the runs of some seeds and says
what it found as JSON. What is found depends on the seeds alone, not on who did which chunk.
"""

import functools
import hashlib
from importlib.resources import files

from .chunks import run_chunks

__all__ = ["run_campaign", "source_identity"]

_PACKAGES = ("flexdrive", "flexdrive_deploy", "flexdrive_sim")


@functools.cache
def source_identity():
    """Hash of the source that results come from: those of another are not gone on with."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for name, text in sorted(_texts(files(package), package)):
            digest.update(f"{name}\n{len(text)}\n".encode() + text)
    return digest.hexdigest()


def _texts(directory, name):
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _texts(entry, f"{name}/{entry.name}")
        elif entry.name.endswith((".py", ".cc", ".h", ".c")):
            yield f"{name}/{entry.name}", entry.read_bytes()


def run_campaign(function, chunks, *, name, **crew):
    """Results of all chunks.

    Parameters
    ----------
    function : of a module. chunks : {key: arguments}.
    name : of the campaign, shown with the bar.
    crew : who does it, ``executor``, ``workers``, ``keep``, ``progress``, ``seconds`` as of
        :func:`~.chunks.run_chunks`.

    Returns
    -------
    {key: result} in the order of ``chunks``.
    """
    # One directory may keep the chunks of several campaigns.
    head = f"{function.__name__}-"
    found = run_chunks(
        function, {head + key: lambda arguments=arguments: arguments
                   for key, arguments in chunks.items()},
        identity=source_identity(), description=name, **crew)
    return {key.removeprefix(head): result for key, result in found.items()}
