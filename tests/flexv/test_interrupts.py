"""Interrupts: priorities and vectors, wfi, and a context switch in the middle of a kernel."""

import pytest

from flexdrive.flexv.isa import CSRS
from flexdrive_sim.bench.flexv_loop import measure
from flexdrive_sim.engine import Model
from flexdrive_sim.flexv.drive.snippet import POINTER, Snippet, code, load_constant
from flexdrive_sim.flexv.kernels.loop import LoopKernel

_STATE = [name for name, csr in CSRS.items()
          if csr.extension in ("dot", "macload", "macload_third", "xpulp_loop", "requant")]
_LINES = 0xFFFF0888


def _context_switch():
    """A handler that saves all registers, lets another kernel use everything, and restores."""
    registers = [f"x{i}" for i in range(1, 31)]
    lines = ["\t.text", "\t.globl trap_entry", "\t.balign 4", "trap_entry:",
             "\tcsrrw x31, mscratch, x31"]
    lines += [f"\tsw {r}, {4 * i}(x31)" for i, r in enumerate(registers)]
    lines += ["\tlw x1, 508(x31)", "\taddi x1, x1, 1", "\tsw x1, 508(x31)"]
    for i, name in enumerate(_STATE):
        lines += [f"\tcsrr x1, CSR_{name.upper()}", f"\tsw x1, {200 + 4 * i}(x31)"]
    lines += ["\tmv x2, x31"]
    for i, name in enumerate(_STATE):
        lines += [f"\tli x1, {(0x9E3779B9 * (i + 1)) & 0xFFFFFFFF}",
                  f"\tcsrw CSR_{name.upper()}, x1"]
    lines += ["\tcsrwi CSR_SB_LEGACY, 1", "\tlp.setupi 0, 3, other",
              *(f"\tml.sdotsp.{'wa'[i % 2]} x{i}, x2, {i % 4}, {i // 2 % 2}, 1"
                for i in range(3, 9)),
              "other:\tpv.sdotsp.b x9, x8, x7"]
    for i, name in enumerate(_STATE):
        lines += [f"\tlw x1, {200 + 4 * i}(x31)", f"\tcsrw CSR_{name.upper()}, x1"]
    lines += [f"\tlw {r}, {4 * i}(x31)" for i, r in enumerate(registers)]
    lines += ["\tcsrrw x31, mscratch, x31", "\tmret", "\t.data", "\t.balign 4",
              "switches:\t.space 512", ""]
    return "\n".join(lines)


def _interruptible(kernel):
    """Its source with interrupts enabled around the loop; the switches are counted behind the
    accumulators' place."""
    begin = ("\tla t4, switches\n\tcsrw mscratch, t4\n\tli t4, -1\n\tcsrw mie, t4\n"
             "\tcsrsi mstatus, 8\n\tcsrr t6, mcycle")
    end = ("\tcsrci mstatus, 8\n\tcsrr t5, mcycle\n\tsub t5, t5, t6\n\tla t6, switches\n"
           "\tlw t6, 508(t6)\n\tbnez t6, 1f\n\tli a0, 3\n\tj _exit\n1:\tli t6, 0")
    source = kernel.source().replace("\tcsrr t6, mcycle", begin, 1)
    return source.replace("\tcsrr t5, mcycle", end, 1) + _context_switch()


@pytest.mark.slow
@pytest.mark.parametrize("latency", [1, 3])
@pytest.mark.parametrize(("a_bits", "w_bits", "style"), [
    (8, 8, "macload"), (8, 2, "macload"), (2, 8, "macload"), (8, 4, "published"), (16, 4, "dot")])
def test_context_switch_in_the_middle_of_a_kernel(core, a_bits, w_bits, style, latency):
    pixels = 2 if style == "dot" else 4
    kernel = LoopKernel(a_bits, w_bits, 576 * max(a_bits, w_bits), pixels, style)
    for seed in range(1, 6):
        cycles = measure(kernel, core, source=_interruptible(kernel), dmem_latency=latency,
                         interrupts=(seed, 1500, _LINES), random_stalls=seed if latency > 1 else 0)
        assert cycles > 5000


def _vectored(bodies):
    """A vector table at the start of the body: code per number, and what comes behind it."""
    table, handlers = b"", b""
    for number in range(32):
        table += code("jal", simm=4 * (32 - number) + len(handlers))
        handlers += bodies(number)
    return table + handlers


@pytest.mark.parametrize("mask", [1 << 3, 1 << 7, 1 << 11, 1 << 16, 1 << 31, 0x888, 0x80010888])
def test_vectors_and_wfi(core, mask):
    """wfi sleeps until a line rises; the handler of that number runs; then nothing is pending."""
    x5, x6, x7 = 5, 6, 7

    def handler(number):
        return (code("addi", rd=x7, simm=number) + code("sw", rs1=POINTER, rs2=x7)
                + code("csrrs", rd=x7, csr=CSRS["mcause"].number)
                + code("sw", rs1=POINTER, rs2=x7, simm=4) + code("addi", rd=x6, simm=0)
                + code("csrrw", csr=CSRS["mie"].number, rs1=0) + code("mret"))
    table = _vectored(handler)
    start = Snippet(b"").start
    # The table must lie at a multiple of 4, which it does; bit 0 selects vectors.
    body = (code("jal", simm=4 + len(table)) + table + load_constant(x5, start + 4 + 1)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=x5) + load_constant(x5, 0xFFFFFFFF)
            + code("csrrw", csr=CSRS["mie"].number, rs1=x5)
            + code("csrrsi", csr=CSRS["mstatus"].number, zimm=8) + code("addi", rd=x6, simm=1)
            + code("wfi") + code("csrrs", rd=x5, csr=CSRS["mcycle"].number)
            + code("sw", rs1=POINTER, rs2=x5, simm=8))
    bench = Snippet(body).bench(core, interrupts=(9, 400, mask))
    assert bench.run(100_000) == "tohost"
    number, cause, cycle = (int(w) for w in bench.regions[1].data.view("<u4")[:3])
    assert mask >> number & 1
    assert cause == 0x80000000 | number
    assert cycle > 400


@pytest.mark.parametrize("seed", [3, 4, 5, 6, 7, 9, 11, 12, 13, 14, 15])
def test_priorities(core, seed):
    """Lines gather while interrupts are off; of those pending the first in the order of
    priorities is taken: local ones from 31 down, then external, software, timer. It is taken
    right after the instruction that enables it."""
    x5, x6, x7 = 5, 6, 7
    mip = CSRS["mip"].number
    handler = (code("csrrs", rd=x7, csr=CSRS["mcause"].number)
               + code("sw", rs1=POINTER, rs2=x7, simm=4) + code("addi", rd=x5)
               + code("csrrw", csr=CSRS["mie"].number, rs1=0) + code("mret"))
    wait = code("addi", rd=x5, rs1=x5, simm=-1) + code("bne", rs1=x5, rs2=0, simm=-4)
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(x5, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=x5)
            + code("csrrsi", csr=CSRS["mstatus"].number, zimm=8)
            + load_constant(x5, 2000) + wait + load_constant(x5, 0xFFFFFFFF)
            + code("csrrs", rd=x6, csr=mip) + code("csrrw", csr=CSRS["mie"].number, rs1=x5)
            + code("sw", rs1=POINTER, rs2=x6) + code("sw", rs1=POINTER, rs2=x5, simm=12)
            + code("csrrs", rd=x6, csr=mip) + code("sw", rs1=POINTER, rs2=x6, simm=8))
    mask = _LINES if seed % 2 else 0x888
    bench = Snippet(body).bench(core, interrupts=(seed, 700 if seed % 2 else 30, mask))
    assert bench.run(100_000) == "tohost"
    before, cause, after, cleared = (int(w) for w in bench.regions[1].data.view("<u4")[:4])
    assert cleared == 0, "the instruction after the one that enables came before the interrupt"
    order = [*range(31, 15, -1), 11, 3, 7]
    first = next(n for n in order if before >> n & 1)
    # Nothing else changed in between, or the test says nothing.
    assert after == before & ~(1 << first)
    assert cause == 0x80000000 | first


def _first_fetch(core, words, address, lines, cycles=120, latency=14):
    """Cycle in which ``address`` is first requested, or None. Instructions come at once, data after
    ``latency`` cycles; ``lines``: interrupt lines of a cycle."""
    model, fetched, loads = Model(core), None, []
    for cycle in range(cycles):
        model.set("interrupts", lines(cycle))
        model.set("ibus_gnt", 1)
        model.set("dbus_gnt", 1)
        model.set("ibus_rvalid", fetched is not None)
        model.set("ibus_rdata", words.get(fetched, 0))
        model.set("dbus_rvalid", bool(loads) and loads[0] == cycle)
        if loads and loads[0] == cycle:
            loads.pop(0)
        model.settle()
        fetched = model.get("ibus_addr") if model.get("ibus_req") else None
        if fetched == address:
            return cycle
        if model.get("dbus_req"):
            loads.append(cycle + latency)
        model.edge()
    return None


def test_a_withdrawn_interrupt_is_not_taken(core):
    """A line rises for four cycles beside loads that take longer: the interrupt is taken while it
    is pending or not at all, although its place may already be behind a load that waits."""
    handler, width = 0x100, 4
    body = (load_constant(5, handler) + code("csrrw", csr=CSRS["mtvec"].number, rs1=5)
            + load_constant(5, 1 << 11) + code("csrrw", csr=CSRS["mie"].number, rs1=5)
            + code("csrrsi", csr=CSRS["mstatus"].number, zimm=8)
            + 4 * (code("lw", rd=6, rs1=0, simm=0x200) + code("addi", rd=7)) + code("jal"))
    words = {at: int.from_bytes(body[at:at + 4], "little") for at in range(0, len(body), 4)}
    words[handler] = int.from_bytes(code("jal"), "little")
    taken = []
    for rise in range(20, 90):
        entry = _first_fetch(core, words, handler,
                             lambda cycle, rise=rise: (rise <= cycle < rise + width) << 11)
        taken.append(entry is not None)
        # Two cycles to the decision, two more to the request of the handler.
        assert entry is None or entry < rise + width + 4
    assert any(taken)
    assert not all(taken)
