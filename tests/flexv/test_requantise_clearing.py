"""rq.pack.c: shifted addends, accumulators that are cleared, hazards; other cores lack it."""

import numpy as np
import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.isa import CSRS, EXTENSIONS, OPTIONAL, find, instructions
from flexdrive_sim.flexv.drive.snippet import DATA, POINTER, code, load_constant, write_csr

from .cores import full_core
from .traps import both, store

_ACC, _SCALE, _ADDEND, _OUT, _SHIFT = 5, 6, 7, 11, 13
_WORD, _CONTROL = CSRS["rq_word"].number, CSRS["rq_control"].number
# Of its own: the core whose random programs test_core.py runs.
_CORE = EXTENSIONS + OPTIONAL


@pytest.fixture(scope="module")
def clearing():
    """A core that has it."""
    return full_core()


def _packed(acc, scale, addend, control):
    """numpy's 64-bit integers, which lose what leaves them as the hardware does."""
    shift, width = control & 63, (8, 4, 2, 2)[control >> 6 & 3]
    with np.errstate(over="ignore"):
        total = np.int64(acc) * np.int64(scale) + np.left_shift(np.int64(addend), control >> 9)
    low = -(1 << width - 1) if control >> 8 & 1 else 0
    return int(np.clip(total >> np.int64(shift), low, low + (1 << width) - 1)) % (1 << width)


def _cases():
    random = np.random.default_rng(13)
    for number in range(160):
        acc, scale = (int(random.integers(-1 << 31, 1 << 31)) for _ in range(2))
        addend, shift, added = scale ^ acc, *(int(random.integers(64)) for _ in range(2))
        if number % 4:
            # As of layers: the sum near the range of the outputs.
            acc, shift = acc >> 16, int(random.integers(20, 51))
            added = shift - int(random.integers(0, 21))
            addend = ((int(random.integers(-60, 300)) << shift) - acc * scale) >> added
            addend = min(max(addend, -1 << 31), (1 << 31) - 1)
        yield (acc, scale, addend, shift
               | int(random.choice([0, 0, 0, 1, 2])) << 6
               | int(random.integers(2)) << 8 | added << 9)


@pytest.mark.slow
def test_values_and_the_accumulator(clearing):
    cases = list(_cases())
    body = load_constant(9, DATA + 16 * len(cases)) + load_constant(8, DATA + 0x8000)
    loop = b"".join(code("lw", rd=register, rs1=POINTER, simm=4 * i)
                    for i, register in enumerate((_ACC, _SCALE, _ADDEND, _SHIFT)))
    loop += (code("csrrw", csr=_CONTROL, rs1=_SHIFT)
             + code("rq.pack.c", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)
             # The next instruction and a later one read it.
             + code("sw", rs1=8, rs2=_ACC, simm=4) + code("csrrw", csr=_WORD, rd=_OUT, rs1=0)
             + code("add", rd=_OUT, rs1=_OUT, rs2=_ACC) + code("sw", rs1=8, rs2=_OUT)
             + code("addi", rd=8, rs1=8, simm=8) + code("addi", rd=POINTER, rs1=POINTER, simm=16))
    body += loop + code("bne", rs1=POINTER, rs2=9, simm=-len(loop))
    expected = [_packed(*case) for case in cases]
    assert len(set(expected)) > 30
    for words in both(clearing, body, np.array(cases, np.int64).astype(np.uint32).reshape(-1)):
        made = words[0x2000:0x2000 + 2 * len(cases)].reshape(-1, 2)
        assert made[:, 0].tolist() == expected
        assert not made[:, 1].any()


@pytest.mark.slow
def test_sums_begin_anew_beside_outputs_that_are_not_shifted(clearing):
    """Dot products and products onto the cleared register at once, either form beside the other,
    an accumulator that is the addend too."""
    body = write_csr("rq_control", 4 << 9) + write_csr("rq_word", 0)
    body += load_constant(_SCALE, 1) + load_constant(_ADDEND, 2) + load_constant(_ACC, 5)
    body += code("rq.pack.c", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)              # 5 + 32
    body += code("p.mac", rd=_ACC, rs1=_ADDEND, rs2=_ADDEND)                  # 4
    body += code("rq.pack", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)                # 4 + 2
    body += code("rq.pack.c", rs1=_ACC, rs2=_SCALE, rs3=_ACC)                 # 4 + 64
    body += code("pv.sdotup.h", rd=_ACC, rs1=_ADDEND, rs2=_ADDEND)            # 4
    body += code("rq.pack.c", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)              # 4 + 32
    body += code("add", rd=_OUT, rs1=_ACC, rs2=_ADDEND) + store(_OUT, 0)      # 0 + 2
    body += code("rq.pack.c", rs1=0, rs2=_SCALE, rs3=_ADDEND)                 # x0 stays 0
    body += code("csrrs", csr=_WORD, rd=_OUT) + store(_OUT, 1)
    for words in both(clearing, body):
        assert int(words[0]) == 2
        assert int(words[1]).to_bytes(4, "little") == bytes([32, 6, 68, 36])


def test_others_lack_it():
    word = code("rq.pack.c", rs1=5, rs2=6, rs3=7)
    assert find(int.from_bytes(word, "little")).name == "rq.pack.c"
    assert find(int.from_bytes(word, "little"), CoreConfig().extensions) is None
    names = [entry.name for entry in instructions(CoreConfig.preset("flexv-kernels").extensions)]
    assert "rq.pack.c" in names
    with pytest.raises(ConfigurationError, match="requant_clear needs extension requant"):
        CoreConfig(extensions=("i", "zicsr", "requant_clear"))
