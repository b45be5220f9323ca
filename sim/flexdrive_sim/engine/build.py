"""From a component to a shared library, cached by content.

The key is a hash of the RTLIL, the harness, the options, the versions of the tools and the
instruction set of the machine; whatever changes makes a new entry.
"""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from flexdrive_deploy.cache import kept

from .emitted import emitted
from .lanes import translate
from .ports import port_table, stream_ports
from .tools import (
    EngineError,
    cxx,
    machine_identity,
    run_yosys,
    tool_versions,
    yosys_include,
)

__all__ = ["BuiltModel", "EngineError", "compile_model", "compile_rtlil"]

_HERE = files(__package__)
# A model has many blocks and few branches: where they stand changed no speed that was measured, but
# placing them takes time that grows faster than their number.
_FLAGS = ["-std=c++17", "-fPIC", "-fno-exceptions", "-fno-rtti", "-DNDEBUG", "-w", "-g0",
          "-mllvm", "-disable-block-placement"]
# Without the C++ library, see plain.h and strings.h. The compiler builds its run time for each
# level of optimisation; prepare.py makes this one.
_LINK = ["-O2", "-shared"]
_NO_LIBRARY = ["-nostdlib++"]
# Cells that CXXRTL makes streams of, which only the library has.
_PRINTS = re.compile(r"^\s*cell \$(print|check) ", re.M)
# Header in front of the design.
_FIRST = {"lanes": "lanes.h", "cxxrtl": "runtime.h"}
_CXXRTL = ("runtime.h", "strings.h")


@dataclass(frozen=True)
class BuiltModel:
    """A built library: its path and what is needed to talk to it; ``power_up`` is the seed that the
    engine ``lanes`` fills its memories from when a model is made (one library serves all seeds)."""

    path: Path
    ports: list
    streams: dict
    clocked: bool
    debug: bool
    power_up: int = 0


def compile_model(component, **options):
    """Build ``component`` (see :func:`compile_rtlil` for the options)."""
    return compile_rtlil(emitted(component), **options)


def compile_rtlil(design, *, backend=None, debug=False, power_up=None, optimise=True, extra="",
                  notify=None):
    """Build an emitted design.

    Parameters
    ----------
    design : :class:`flexdrive.emit.RtlilDesign`
    backend : ``"lanes"`` (:mod:`flexdrive_sim.engine.lanes`) or ``"cxxrtl"`` (yosys' own); by
        default ``"lanes"``, and ``"cxxrtl"`` with ``debug``.
    debug : keep what waveforms need (slower to build and to run; ``"cxxrtl"`` only).
    power_up : seed for random register and memory contents at power-up, instead of the initial
        values of the description. ``"lanes"`` builds one library for all seeds.
    optimise : False for a design of one module with tens of thousands of cells: it runs slowly, but
        the compiler, which needs more than 20 minutes to optimise it, takes one.
    extra : C++ that is compiled with the model, after its definition; it may use ``design``,
        the class of the top module.
    notify : called with a line of text before each slow step.

    Returns
    -------
    :class:`BuiltModel`

    Raises
    ------
    EngineError
        with the tool's first words, when translation or compilation fails; for a design that the
        backend cannot simulate.
    """
    backend = backend or ("cxxrtl" if debug else "lanes")
    if backend not in ("lanes", "cxxrtl") or (debug and backend != "cxxrtl"):
        raise ValueError(f"Backend must be 'lanes' or 'cxxrtl' (for debug), not {backend!r}")
    streams = stream_ports(design.ports)
    table = port_table(design, streams)
    harness = [(_HERE / name).read_text() for name in ("plain.h", "harness.h", "harness.cc")]
    flags = ["-O2" if optimise else "-O0", *_FLAGS,
             f"-DFLEXDRIVE_{backend.upper()}",
             *(["-DFLEXDRIVE_VCD"] if debug else []),
             *([f"-I{yosys_include()}"] if backend == "cxxrtl" else [])]
    link = [*_LINK, *_NO_LIBRARY]
    if _PRINTS.search(design.text):
        flags, link = [*flags, "-DFLEXDRIVE_LIBRARY"], _LINK
    script = _script(design, backend, power_up, debug)
    key = hashlib.sha256(json.dumps([
        design.text, table, harness, extra, flags, link, _sources(backend), script,
        tool_versions(), machine_identity(),
    ]).encode()).hexdigest()[:40]
    steps = _numbered(notify, 2)

    def make(place):
        _write_sources(place, design, backend, script, steps)
        (place / "model.cc").write_text("\n".join([
            f'#include "{_FIRST[backend]}"', '#include "design.cc"', '#include "harness.h"',
            table, harness[-1], extra]))
        # Two calls, since the compiler has no headers of the library when it is not to be linked.
        cxx([*flags, "-c", "model.cc", "-o", "model.o"], cwd=place, what=f"compiling {design.top}",
            notify=steps)
        cxx([*link, "model.o", "-o", "model.so"], cwd=place, what=f"linking {design.top}")
        (place / "model.o").unlink()

    return BuiltModel(path=kept("engine", key, make) / "model.so", ports=design.ports,
                      streams=streams, clocked=design.clocked, debug=debug,
                      power_up=power_up or 0)


def _numbered(notify, count):
    """``notify`` that also says which of ``count`` steps begins."""
    if notify is None:
        return None
    steps = itertools.count(1)
    return lambda text: notify(f"step {next(steps)} of {count}: {text}")


def _write_sources(place, design, backend, script, notify):
    """Translate ``design`` into ``design.cc`` in ``place``, with the headers that it needs."""
    (place / "design.il").write_text(design.text)
    run_yosys(script, cwd=place, notify=notify, what=f"translating {design.top} to C++")
    for name in ("plain.h", "harness.h"):
        _copy(name, place)
    if backend == "lanes":
        (place / "design.cc").write_text(translate(
            (place / "design.json").read_text(), design.top))
        _copy("lanes/lanes.h", place)
    else:
        for name in _CXXRTL:
            _copy(name, place)


def _copy(name, place):
    """The package's file ``name`` into ``place``."""
    source = _HERE / name
    (place / source.name).write_bytes(source.read_bytes())


def _sources(backend):
    """What the text of a model depends on besides its design."""
    if backend == "cxxrtl":
        return [(_HERE / name).read_text() for name in _CXXRTL]
    sources = {path.name: path.read_text() for path in (_HERE / "lanes").iterdir()
               if path.is_file()}
    return [sources[name] for name in sorted(sources)]


def _script(design, backend, power_up, debug):
    keep = " ".join([design.top, *(m.name for m in design.modules if not m.in_place)])
    lines = [
        "read_rtlil design.il",
        f"hierarchy -top {design.top}",
        # Shared modules stay modules; whatever is private to one of them is flattened into it.
        f"setattr -mod -set keep_hierarchy 1 {keep}",
        "proc", "flatten", "opt_clean",
    ]
    if backend == "lanes":
        return "\n".join([*lines, "memory_collect", "opt_expr", "opt_merge", "opt_muxtree",
                          "opt_clean", "write_json design.json"])
    if power_up is not None:
        lines += ["setattr -unset init w:*", f"setundef -init -random {power_up}"]
    if not debug:
        # Parts of a structure that depend on each other would be a loop through one wire, and the
        # model would be evaluated twice for it.
        lines.append("splitnets -driver")
    lines.append(f"write_cxxrtl -noflatten -nohierarchy {'-g4' if debug else '-g0'} design.cc")
    return "\n".join(lines)
