"""Small programs on the simulator and on the RTL with several memories."""

from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.drive.snippet import POINTER, Snippet, code


def store(register, place):
    """Store a register as word ``place`` of the data."""
    return code("sw", rs1=POINTER, rs2=register, simm=4 * place)


def read(names, place):
    """Store CSRs from ``place`` on."""
    return b"".join(code("csrrs", rd=31, csr=CSRS[name].number) + store(31, place + i)
                    for i, name in enumerate(names))


def both(core, body, data=()):
    """The data after the program, from each."""
    snippet = Snippet(body, data)
    yield snippet.simulate()
    yield snippet.run(core)
    for latency in (2, 5):
        yield snippet.run(core, dmem_latency=latency, imem_latency=latency, random_stalls=latency)
