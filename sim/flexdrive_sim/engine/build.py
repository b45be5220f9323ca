"""From a component to a shared library, cached by content.

The key is a hash of the RTLIL, the harness, the options, the versions of the tools and the
instruction set of the machine; whatever changes makes a new entry, and a finished entry appears
in one atomic step, so an interrupted build leaves nothing behind that is used.
"""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flexdrive.emit import emit_rtlil

from .ports import port_table, stream_ports
from .tools import (
    EngineError,
    cache_directory,
    cxx,
    machine_identity,
    run_yosys,
    tool_versions,
    yosys_include,
)

__all__ = ["BuiltModel", "EngineError", "cache_directory", "compile_model", "compile_rtlil"]

_HERE = Path(__file__).parent
_SOURCES = ("runtime.h", "harness.h", "harness.cc")
_FLAGS = ["-std=c++17", "-O2", "-shared", "-fPIC", "-fno-exceptions", "-DNDEBUG", "-w", "-g0"]


@dataclass(frozen=True)
class BuiltModel:
    """A built library: its path and what is needed to talk to it."""

    path: Path
    ports: list
    streams: dict
    clocked: bool
    debug: bool


def compile_model(component, *, debug=False, power_up=None, extra="", notify=None):
    """Build ``component`` (see :func:`compile_rtlil` for the options)."""
    return compile_rtlil(emit_rtlil(component), debug=debug, power_up=power_up, extra=extra,
                         notify=notify)


def compile_rtlil(design, *, debug=False, power_up=None, extra="", notify=None):
    """Build an emitted design.

    Parameters
    ----------
    design : :class:`flexdrive.emit.RtlilDesign`
    debug : keep what waveforms need (slower to build and to run).
    power_up : seed for random register and memory contents at power-up, instead of the initial
        values of the description.
    extra : C++ that is compiled with the model, after its definition; it may use ``design``,
        the class of the top module.
    notify : called with a line of text before each slow step.

    Returns
    -------
    :class:`BuiltModel`

    Raises
    ------
    EngineError
        with the tool's first words, when translation or compilation fails.
    """
    streams = stream_ports(design.ports)
    table = port_table(design, streams)
    sources = {name: (_HERE / name).read_text() for name in _SOURCES}
    flags = [*_FLAGS, "-DFLEXDRIVE_VCD"] if debug else _FLAGS
    script = _script(design, power_up, debug)
    key = hashlib.sha256(json.dumps([
        design.text, table, sources, extra, flags, script, tool_versions(), machine_identity(),
    ]).encode()).hexdigest()[:40]
    final = cache_directory() / "engine" / key
    model = BuiltModel(path=final / "model.so", ports=design.ports, streams=streams,
                       clocked=design.clocked, debug=debug)
    if model.path.exists():
        return model
    final.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="build-", dir=final.parent))
    try:
        (place / "design.il").write_text(design.text)
        run_yosys(script, cwd=place, notify=notify,
                  what=f"translating {design.top} to C++")
        for name, text in sources.items():
            (place / name).write_text(text)
        (place / "table.h").write_text(table)
        (place / "extra.h").write_text(extra)
        (place / "model.cc").write_text("".join(f'#include "{name}"\n' for name in (
            "runtime.h", "design.cc", "harness.h", "table.h", "harness.cc", "extra.h")))
        cxx([*flags, f"-I{yosys_include()}", "model.cc", "-o", "model.so"], cwd=place,
            what=f"compiling {design.top}", notify=notify)
        try:
            os.rename(place, final)
        except OSError:
            # Another process was faster with the same content.
            if not model.path.exists():
                raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return model


def _script(design, power_up, debug):
    keep = " ".join([design.top, *(m.name for m in design.modules if not m.in_place)])
    lines = [
        "read_rtlil design.il",
        f"hierarchy -top {design.top}",
        # Shared modules stay modules; whatever is private to one of them is flattened into it.
        f"setattr -mod -set keep_hierarchy 1 {keep}",
        "proc", "flatten", "opt_clean",
    ]
    if power_up is not None:
        lines += ["setattr -unset init w:*", f"setundef -init -random {power_up}"]
    lines.append(f"write_cxxrtl -noflatten -nohierarchy {'-g4' if debug else '-g0'} design.cc")
    return "\n".join(lines)
