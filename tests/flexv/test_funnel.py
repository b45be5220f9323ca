"""Mac&Load with a lane funnel (ml.f): every offset, pair, register and format; loads, hazards."""

import numpy as np
import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.formats import FORMATS
from flexdrive.flexv.isa import CSRS, find, instructions
from flexdrive_sim.flexv.drive.snippet import DATA, POINTER, Snippet, code, load_constant, write_csr
from flexdrive_sim.flexv.iss import Region

from .both_sides import read, store
from .cores import WAITING, full_core
from .meanings import lanes
from .traps import both

_ACC, _OUT = 10, 11
_REGISTERS = ("nn_w0", "nn_w1", "nn_w2", "nn_w3", "nn_a0", "nn_a1")
_VALUES = np.random.default_rng(16).integers(0, 1 << 32, 6, dtype=np.uint32)
# Name: activations, weights.
_SIGNS = {"sdotup": "uu", "sdotusp": "su", "sdotsup": "us", "sdotsp": "ss"}


@pytest.fixture(scope="module")
def funnel():
    """A core that has it."""
    return full_core()


def _setup(**csrs):
    """Operand registers, the format in a CSR."""
    named = dict(zip(_REGISTERS, _VALUES.tolist(), strict=True)) | csrs | {"sb_legacy": 0}
    return b"".join(write_csr(name, value & 0xFFFFFFFF) for name, value in named.items())


def _product(signs, wreg, areg, offset, fmt, index):
    """From bytes of the registers, as one stream of bits behind each other."""
    stream = np.unpackbits(_VALUES[[wreg, (wreg + 1) % 4]].view(np.uint8), bitorder="little")
    word = np.packbits(stream[offset:offset + 32], bitorder="little").view(np.uint32)
    # The weights' word is that of the format's activations.
    a = lanes(_VALUES[4 + areg:5 + areg], fmt.a_bits, signs[1] == "s")[0]
    w = lanes(word, fmt.w_bits, signs[0] == "s")[0]
    count = 32 // max(fmt.a_bits, fmt.w_bits)
    a, w = (each[index % (len(each) // count) * count:][:count] for each in (a, w))
    return int(a @ w)


class _Waiting(Snippet):
    """With memory whose loads wait beside the pipeline; what is in the data is there too."""

    def regions(self):
        content = np.zeros(WAITING[1] // 4, np.uint32)
        content[:64] = self.data[64:]
        return [*super().regions(), Region(WAITING[0], content.view(np.uint8))]


@pytest.mark.slow
@pytest.mark.parametrize("number", FORMATS)
def test_every_offset_pair_and_sign(funnel, number):
    fmt, body, expected = FORMATS[number], b"", []
    for name, signs in _SIGNS.items():
        for place in range(128):
            wreg, areg, offset = place % 4, place // 4 % 2, place // 8 * 2
            body += (code("addi", rd=_ACC, rs1=0, simm=place)
                     + code(f"ml.f.{name}", rd=_ACC, wreg=wreg, areg=areg, offset=offset)
                     + code("p.sw.post", rs1=POINTER, rs2=_ACC, simm=4))
            total = place + _product(signs, wreg, areg, offset, fmt, len(expected))
            expected.append(total & 0xFFFFFFFF)
    body = _setup(ivec_fmt=number, ivec_skip_size=1) + body
    # A slice after the other: their number divides that of the products.
    for words in both(funnel, body):
        assert words[:len(expected)].tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize("load", ["a", "b", "w"])
def test_what_is_loaded_and_how_pointers_move(funnel, load):
    """The pair that is not multiplied through the pointer to activations, weights by the other."""
    data = np.arange(1, 65, dtype=np.uint32) * 0x01030507
    for wreg, areg in ((0, 0), (1, 1), (2, 0), (3, 1)):
        body = _setup(ivec_fmt=5, a_stride=8, a_skip=1, w_stride=12, w_skip=1,
                      macl_a_address=DATA + 0x40, macl_w_address=DATA + 0x50)
        body += load_constant(_ACC, 7) + code(f"ml.f.sdotsup.{load}", rd=_ACC, wreg=wreg, areg=areg,
                                              offset=8)
        body += read((*_REGISTERS, "macl_a_address", "macl_w_address", "a_count", "w_count"), 32)
        registers, by_a = _VALUES.tolist(), load != "w"
        target = (wreg + 2 + (load == "b")) % 4 if by_a else 4 + areg
        registers[target] = int(data[0x10 if by_a else 0x14])
        moved = [DATA + 0x40 + 8 * by_a, DATA + 0x50 + 12 * (not by_a), int(by_a), int(not by_a)]
        for words in both(funnel, body, data):
            assert words[32:42].tolist() == registers + moved


@pytest.mark.slow
@pytest.mark.parametrize("base", [DATA + 256, WAITING[0]], ids=["pipeline", "beside"])
def test_products_wait_for_both_registers_of_a_pair(funnel, base):
    """Each product needs what the one before it loads: as the lower, as the upper word."""
    data = np.random.default_rng(3).integers(0, 1 << 32, 128, dtype=np.uint32)
    body = _setup(ivec_fmt=2, a_stride=4, a_skip=3, a_rollback=4, macl_a_address=base)
    registers, expected, products = _VALUES.copy(), [], b""
    for number, (wreg, load) in enumerate(((0, "a"), (2, "b"), (0, "b"), (2, "a"), (3, "a"),
                                           (1, "b"), (0, "a"), (2, "a"))):
        body += code("addi", rd=_ACC + number, rs1=0)
        # One directly behind the other.
        products += code(f"ml.f.sdotsup.{load}", rd=_ACC + number, wreg=wreg, areg=1, offset=16)
        low, high = int(registers[wreg]), int(registers[(wreg + 1) % 4])
        word = np.array([(low | high << 32) >> 16 & 0xFFFFFFFF], np.uint32)
        expected.append(int(lanes(word, 8, False)[0] @ lanes(registers[5:6], 8, True)[0])
                        & 0xFFFFFFFF)
        registers[(wreg + 2 + (load == "b")) % 4] = data[64 + number]
    loaded = len(expected)
    body += products + b"".join(store(_ACC + number, number) for number in range(loaded))
    snippet = _Waiting(body, data)
    assert snippet.simulate()[:loaded].tolist() == expected
    for latency in (1, 2, 5):
        for seed in (0, 1, 2):
            words = snippet.run(funnel, dmem_latency=latency, random_stalls=seed)
            assert words[:loaded].tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize(("load", "cause"), [("a", 5), ("w", 5), ("", 2)])
def test_what_traps_changes_nothing(funnel, load, cause):
    """Loads from nowhere; the mode in which the format is a part of the instruction."""
    handler = (code("csrrs", rd=_OUT, csr=CSRS["mcause"].number) + store(_OUT, 0)
               + code("csrrs", rd=_OUT, csr=CSRS["mepc"].number)
               + code("addi", rd=_OUT, rs1=_OUT, simm=4)
               + code("csrrw", csr=CSRS["mepc"].number, rs1=_OUT) + code("mret"))
    state = ("macl_a_address", "macl_w_address", "a_count", "w_count", "mixed_count")
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(5, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=5)
            + _setup(ivec_fmt=5, ivec_skip_size=9, a_stride=4, w_stride=8, a_skip=3, w_skip=3,
                     macl_a_address=0x40, macl_w_address=0x60))
    body += write_csr("sb_legacy", int(not load)) + load_constant(_ACC, 9)
    name = "ml.f.sdotsup" + f".{load}" * bool(load)
    body += code(name, rd=_ACC, offset=8) + store(_ACC, 1) + read((*_REGISTERS, *state), 2)
    for words in both(funnel, body):
        assert words[:13].tolist() == [cause, 9, *_VALUES.tolist(), 0x40, 0x60, 0, 0, 0]


def test_others_lack_it():
    word = int.from_bytes(code("ml.f.sdotsup.a", rd=5, offset=24), "little")
    assert find(word).name == "ml.f.sdotsup.a"
    assert find(word, CoreConfig().extensions) is None
    names = [entry.name for entry in instructions(CoreConfig.preset("flexv-kernels").extensions)]
    assert sum(name.startswith("ml.f.") for name in names) == 16
    with pytest.raises(ConfigurationError, match="macload_funnel needs extension macload"):
        CoreConfig(extensions=("i", "zicsr", "macload_funnel"))
