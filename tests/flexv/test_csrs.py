"""Every field of every CSR of the table: what it keeps, what the core's inputs and traps put into
it. Expected values: :mod:`csr_facts`, and what the programs do. What counters count is in
:mod:`test_counters`."""

import pytest

from flexdrive.flexv.isa import CSRS, EMPTY_CSRS, EXTENSIONS
from flexdrive_sim.flexv.drive.snippet import DATA, POINTER, Snippet, code, load_constant

from .cores import SMALL, built_core
from .csr_facts import FACTS, NO_BITS, SHADOWS
from .driven import drive

_PLACE, _VALUE, _OUT, _HANDLER = 3, 4, 31, 5
_LINES = [3, 7, 11, *range(16, 32)]


@pytest.fixture(scope="module", params=["small", "full"])
def each(request):
    """(core, its groups of instructions)."""
    if request.param == "full":
        return request.getfixturevalue("core"), EXTENSIONS
    return built_core(), SMALL


@pytest.fixture(scope="module")
def small():
    return built_core()


def _names(extensions):
    return [name for name, csr in CSRS.items() if csr.extension in extensions]


def _access(name, number, value):
    return load_constant(_VALUE, value) + code(name, csr=number, rs1=_VALUE)


def _keep(number):
    """Store what a register has behind what has been stored."""
    return (code("csrrs", rd=_OUT, csr=number) + code("sw", rs1=_PLACE, rs2=_OUT)
            + code("addi", rd=_PLACE, rs1=_PLACE, simm=4))


_BEGIN = code("addi", rd=_PLACE, rs1=POINTER)
# All counters stand still, so they are registers like all others.
_STAND = _access("csrrw", FACTS["mcountinhibit"][0], 0xFFFFFFFF)


def _results(each, body, count):
    """From the simulator and from the RTL."""
    built, extensions = each
    snippet = Snippet(body)
    yield snippet.simulate(extensions=extensions)[:count].tolist()
    yield snippet.run(built)[:count].tolist()


def test_the_table_says_what_is_published():
    assert {name: (csr.number, csr.writable) for name, csr in CSRS.items()} == {
        name: (number, kept) for name, (number, kept, _) in FACTS.items()}
    assert {name: csr.reset for name, csr in CSRS.items() if FACTS[name][2] is not None} == {
        name: reset for name, (_, _, reset) in FACTS.items() if reset is not None}
    assert sorted(csr.number for csr in EMPTY_CSRS.values()) == sorted(NO_BITS)


def test_values_after_reset(each):
    names = [name for name in _names(each[1]) if FACTS[name][2] is not None]
    body = _BEGIN + b"".join(_keep(FACTS[name][0]) for name in names)
    expected = {name: FACTS[name][2] for name in names}
    if each[1] == SMALL:
        expected["misa"] &= ~(1 << ord("X") - ord("A"))
    for got in _results(each, body, len(names)):
        assert dict(zip(names, got, strict=True)) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("extensions", "letters"), [
    (("i", "zicsr"), "IC"), (("i", "zicsr", "xpulp_memory", "xpulp_loop"), "ICX"),
    (("i", "zicsr", "m", "xpulp_mac"), "ICMX")], ids=("base", "memory", "mac"))
def test_misa_tells_what_is_built_in(extensions, letters):
    built = built_core(extensions)
    body = _BEGIN + _keep(0x301)
    expected = 1 << 30 | sum(1 << ord(letter) - ord("A") for letter in letters)
    for got in _results((built, extensions), body, 1):
        assert got == [expected]


_PATTERNS = (0xFFFFFFFF, 0, 0x55555555, 0xAAAAAAAA, 0x0F0F0F0F, 0x00FF00FF, 0x0000FFFF)


def test_every_register_keeps_its_bits_and_no_other(each):
    """Written, set and cleared with patterns; afterwards each has a value of its own, so that no
    write went to another register, and what shows a register shows it."""
    names = [name for name in _names(each[1]) if FACTS[name][1] and name != "mcountinhibit"]
    body, expected = _BEGIN + _STAND, []
    for name in names:
        number, kept, reset = FACTS[name]
        fixed = (reset or 0) & ~kept
        for pattern in _PATTERNS:
            other = pattern * 0x9E3779B9 + 0x7F4A7C15 & 0xFFFFFFFF
            body += (_access("csrrw", number, pattern) + _keep(number)
                     + _access("csrrs", number, other) + _keep(number)
                     + _access("csrrc", number, pattern) + _keep(number))
            expected += [pattern & kept | fixed, (pattern | other) & kept | fixed,
                         other & ~pattern & kept | fixed]
    for place, name in enumerate(names):
        body += _access("csrrw", FACTS[name][0], 0x12345678 * (place + 1) & 0xFFFFFFFF)
    finally_ = {name: 0x12345678 * (place + 1) & FACTS[name][1] | (FACTS[name][2] or 0)
                & ~FACTS[name][1] for place, name in enumerate(names)}
    shown = names + list(SHADOWS)
    body += b"".join(_keep(FACTS[name][0]) for name in shown)
    expected += [finally_[SHADOWS.get(name, name)] for name in shown]
    for got in _results(each, body, len(expected)):
        assert got == expected


def test_counters_that_stand_still_are_named(each):
    """mcountinhibit itself; the last pattern lets all of them count again."""
    body, number = _BEGIN, FACTS["mcountinhibit"][0]
    for pattern in (*_PATTERNS, 0):
        body += _access("csrrw", number, pattern) + _keep(number)
    for got in _results(each, body, len(_PATTERNS) + 1):
        assert got == [pattern & 0b1111101 for pattern in (*_PATTERNS, 0)]


def _catching(body):
    """``body`` with a handler that counts in x6 and returns behind what has trapped."""
    handler = (code("addi", rd=6, rs1=6, simm=1) + code("csrrs", rd=_HANDLER, csr=0x341)
               + code("addi", rd=_HANDLER, rs1=_HANDLER, simm=4)
               + code("csrrw", csr=0x341, rs1=_HANDLER) + code("mret"))
    return (code("jal", simm=4 + len(handler)) + handler
            + load_constant(_HANDLER, Snippet(b"").start + 4) + code("csrrw", csr=0x305,
                                                                     rs1=_HANDLER)
            + code("addi", rd=6) + body)


def test_counters_that_are_not_there_read_0(each):
    """They can be written; their neighbours, and what only looks like them, trap."""
    absent = [0x321, 0x322, 0xB01, 0xB81, 0x31F, 0x7A3, 0xB20, 0xBA3, 0xC03, 0xC83, 0x123]
    body = _BEGIN
    for number in NO_BITS:
        body += _access("csrrw", number, 0xFFFFFFFF) + _keep(number)
    body += code("sw", rs1=_PLACE, rs2=6) + code("addi", rd=_PLACE, rs1=_PLACE, simm=4)
    body += b"".join(code("csrrs", rd=_OUT, csr=number) for number in absent)
    body += code("sw", rs1=_PLACE, rs2=6)
    for got in _results(each, _catching(body), len(NO_BITS) + 2):
        assert got == [0] * len(NO_BITS) + [0, len(absent)]


def test_read_only_registers_cannot_be_written(each):
    """Numbers with both upper bits set: every instruction that would write traps, reading does
    not."""
    numbers = [FACTS[name][0] for name in _names(each[1]) if FACTS[name][0] >> 10 == 3]
    body = load_constant(_VALUE, 0xFFFFFFFF)
    for number in numbers:
        body += b"".join(code(name, csr=number, rs1=_VALUE) for name in ("csrrw", "csrrs", "csrrc"))
        body += b"".join(code(name, csr=number, zimm=1)
                         for name in ("csrrwi", "csrrsi", "csrrci"))
        body += code("csrrs", csr=number) + code("csrrci", csr=number)
    body += code("sw", rs1=POINTER, rs2=6)
    for got in _results(each, _catching(body), 1):
        assert got == [6 * len(numbers)]


def test_mip_shows_the_lines_that_there_are(small):
    """All lines, none, each alone, each missing; a write changes nothing. Nothing is enabled."""
    patterns = [0xFFFFFFFF, 0, *(1 << i for i in range(32)), *(~(1 << i) & 0xFFFFFFFF
                                                              for i in range(32)), 0]
    body = _BEGIN + b"".join(_access("csrrw", 0x344, 0xFFFFFFFF ^ pattern) + _keep(0x344)
                             for pattern in patterns)
    stored = drive(small, body, lambda cycle, held: patterns[min(len(held), len(patterns) - 1)])
    there = sum(1 << line for line in _LINES)
    assert [stored[i] for i in range(len(patterns))] == [p & there for p in patterns]


@pytest.mark.parametrize("number", [0, 1, 0xA5A5A5A5, 0x5A5A5A5A])
def test_mhartid_is_the_port(small, number):
    assert drive(small, _BEGIN + _keep(0xF14), hart_id=number)[0] == number


def _interrupts(enabled, status):
    """Wait with interrupts enabled as given; the handler keeps mcause, mstatus, mtval, and
    switches them off; then mstatus. Without an interrupt word 0 stays 0."""
    handler = (code("csrrs", rd=_OUT, csr=0x342) + code("sw", rs1=POINTER, rs2=_OUT)
               + code("csrrs", rd=_OUT, csr=0x300) + code("sw", rs1=POINTER, rs2=_OUT, simm=4)
               + code("csrrs", rd=_OUT, csr=0x343) + code("sw", rs1=POINTER, rs2=_OUT, simm=8)
               + code("csrrw", csr=0x304) + code("mret"))
    return (code("sw", rs1=POINTER, rs2=0) + code("jal", simm=4 + len(handler)) + handler
            + load_constant(_HANDLER, 0x208 + 8) + code("csrrw", csr=0x305, rs1=_HANDLER)
            + _access("csrrw", 0x343, 0x77) + _access("csrrw", 0x304, enabled)
            + _access("csrrw", 0x300, status) + 12 * code("addi")
            + code("csrrs", rd=_OUT, csr=0x300) + code("sw", rs1=POINTER, rs2=_OUT, simm=12))


@pytest.mark.parametrize("line", range(32))
def test_a_line_interrupts_if_its_bit_and_mie_are_set(small, line):
    """All lines are high: the one that is enabled is taken, if it exists."""
    mie, mpie, mpp = 1 << 3, 1 << 7, 3 << 11
    stored = drive(small, _interrupts(1 << line, mie), lambda cycle, held: 0xFFFFFFFF)
    if line in _LINES:
        assert [stored[i] for i in range(4)] == [1 << 31 | line, mpp | mpie, 0, mpp | mpie | mie]
    else:
        assert stored == {0: 0, 3: mpp | mie}
    # Only this line is high: neither the bits of the others enable it, nor its own without MIE.
    for enabled, status in ((~(1 << line) & 0xFFFFFFFF, mie), (1 << line, mpie)):
        stored = drive(small, _interrupts(enabled, status), lambda cycle, held: 1 << line)
        assert stored == {0: 0, 3: mpp | status}


@pytest.mark.parametrize("mie", [0, 1])
@pytest.mark.parametrize("mpie", [0, 1])
def test_mstatus_through_a_trap_and_back(each, mie, mpie):
    """MPIE takes MIE over, MIE is 0; back, MIE takes MPIE over, MPIE is 1. With MPIE changed in
    the handler as well."""
    flip = _access("csrrw", 0x300, 0)
    handler = (_keep(0x300) + flip + code("csrrs", rd=_HANDLER, csr=0x341)
               + code("addi", rd=_HANDLER, rs1=_HANDLER, simm=4)
               + code("csrrw", csr=0x341, rs1=_HANDLER) + code("mret"))
    for after in (handler, handler.replace(flip, b"")):
        body = (code("jal", simm=4 + len(after)) + after
                + load_constant(_HANDLER, Snippet(b"").start + 4)
                + code("csrrw", csr=0x305, rs1=_HANDLER) + _BEGIN
                + _access("csrrw", 0x300, mie << 3 | mpie << 7) + code("ecall") + _keep(0x300))
        back = mie if after != handler else 0
        for got in _results(each, body, 2):
            assert got == [0x1800 | mie << 7, 0x1880 | back << 3]


@pytest.mark.parametrize("base", [DATA, 0x80000100, 0x55555554, 0xAAAAAAA8])
@pytest.mark.parametrize("low", [0, 1, 2, 3])
def test_mtvec_keeps_base_and_mode(each, base, low):
    body = _BEGIN + _access("csrrw", 0x305, base | low) + _keep(0x305)
    for got in _results(each, body, 1):
        assert got == [base | low & 1]
