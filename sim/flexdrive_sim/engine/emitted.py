"""RTLIL of components, kept: to make it takes longer than to simulate a small network (12 s for a
cluster of eight cores, 5 s for a core).

What a component of this project emits depends on its class, the arguments of its constructor, the
sources of the project and Amaranth; all of them make the key.
"""

import functools
import hashlib
import json
import pickle
import sys
from importlib.metadata import version
from importlib.resources import files

from flexdrive.arguments import Recorded
from flexdrive.emit import emit_rtlil
from flexdrive_deploy.cache import kept

__all__ = ["emitted"]


def emitted(component):
    """:func:`flexdrive.emit.emit_rtlil` of ``component``, or what it gave before."""
    key = _key(component)
    if key is None:
        return emit_rtlil(component)

    def make(place):
        (place / "design").write_bytes(pickle.dumps(emit_rtlil(component)))

    # It is used: Amaranth warns of components that nobody has elaborated.
    component._MustUse__used = True
    return pickle.loads((kept("emitted", key, make) / "design").read_bytes())


def _key(component):
    """40 hex digits; None for a component of others, whose sources are not known, and for arguments
    whose text does not say all of them."""
    kind = type(component)
    if not isinstance(component, Recorded) or not kind.__module__.startswith("flexdrive."):
        return None
    arguments = repr(component.arguments)
    if " at 0x" in arguments:
        return None
    return hashlib.sha256(json.dumps([
        kind.__module__, kind.__qualname__, arguments, _sources(), version("amaranth"),
        sys.version_info[:2],
    ]).encode()).hexdigest()[:40]


@functools.cache
def _sources():
    """Digest of all that the package ``flexdrive`` holds."""
    digest, places = hashlib.sha256(), [files("flexdrive")]
    for place in places:
        for path in sorted(place.iterdir(), key=lambda path: path.name):
            if path.is_dir():
                places.append(path)
            elif path.name.endswith(".py"):
                digest.update(f"{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()
