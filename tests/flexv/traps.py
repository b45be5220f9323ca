"""Code around an instruction that traps, and running it on simulator and RTL."""

from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.drive.snippet import POINTER, Snippet, code, load_constant

__all__ = ["LINK", "both", "store", "with_handler"]

# The handler's register.
LINK = 10


def store(register, place):
    """Store a register to word ``place`` of the data."""
    return code("sw", rs1=POINTER, rs2=register, simm=4 * place)


def both(core, body, data=()):
    """Data memory after the run: simulator, RTL, RTL with slow memory."""
    snippet = Snippet(body, data)
    yield snippet.simulate()
    yield snippet.run(core)
    yield snippet.run(core, dmem_latency=2, imem_latency=3, random_stalls=3)


def _handler():
    """Store mcause, mtval and mepc to words 0 to 2 and return behind mepc."""
    text = b""
    for i, name in enumerate(("mcause", "mtval", "mepc")):
        text += code("csrrs", rd=LINK, csr=CSRS[name].number) + store(LINK, i)
    return (text + code("addi", rd=LINK, rs1=LINK, simm=4)
            + code("csrrw", csr=CSRS["mepc"].number, rs1=LINK) + code("mret"))


def with_handler(instruction, after=b"", before=b"", handler=None):
    """(code that traps at ``instruction``, address of that)."""
    handler, scratch = handler or _handler(), 5
    body = (before + code("jal", simm=4 + len(handler)) + handler
            + load_constant(scratch, Snippet(b"").start + len(before) + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=scratch))
    return body + instruction + after, Snippet(b"").start + len(body)
