"""`flexdrive verify fp16`: it finds faults, names them, and refuses bad vector files."""

import pytest
from amaranth.hdl import Module, Signal
from click.testing import CliRunner

from flexdrive.errors import ConfigurationError
from flexdrive.fp16 import Adder
from flexdrive_cli.verify import command
from flexdrive_sim.fp16.verify import (
    Mismatch,
    VectorFileError,
    Verdict,
    Verifier,
    check_all,
    read_vectors,
    sampled_checks,
)

FORM = ("a line is 'aaaa bbbb rrrr [flags]', three encodings of four hexadecimal digits and "
        "optional flags of up to two")


class _WrongOnce(Adder):
    """An adder with a wrong last bit for one single pair of operands."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.adder = adder = Adder()
        wrong = Signal()
        m.d.sync += wrong.eq((self.a == 0x1234) & (self.b == 0x9ABC))
        m.d.comb += [adder.a.eq(self.a), adder.b.eq(self.b), adder.subtract.eq(self.subtract),
                     self.y.eq(adder.y ^ wrong)]
        return m


@pytest.mark.slow
def test_one_wrong_pair_among_all_neighbours_is_found():
    units = [Verifier("add", component=_WrongOnce()) for _ in range(2)]
    *_, (done, verdict) = check_all(units, start=0x12000000, count=1 << 24, block=1 << 20)
    assert done == 1.0
    assert verdict.pairs == 1 << 24
    assert verdict.mismatches == 1
    (mismatch,) = verdict.first
    assert (mismatch.a, mismatch.b, mismatch.got) == (0x1234, 0x9ABC, mismatch.expected ^ 1)
    assert str(mismatch) == (f"a=1234 b=9abc: expected {mismatch.expected:04x}, "
                             f"got {mismatch.got:04x}")


def test_range_reaches_its_last_pair(verifier):
    assert verifier("add").check_range((1 << 32) - 1000, 1000) == Verdict(1000, 0, ())
    assert verifier("add").check_range(0, 0) == Verdict(0, 0, ())


def test_sampled_checks_have_corners_and_the_random_pairs(verifier):
    parts = {name: list(steps)[-1][1] for name, steps in sampled_checks(verifier("mul"), 3 << 20)}
    assert parts.pop("random") == Verdict(3 << 20, 0, ())
    assert {"borders", "exponents", "cancellation", "alignment", "product subnormal"} <= set(parts)
    assert all(v.pairs > 0 and v.mismatches == 0 for v in parts.values())


def test_unknown_operation_is_named():
    with pytest.raises(ConfigurationError,
                       match=r"operation must be one of add, sub, mul, max, not 'div'"):
        Verifier("div")


def _file(tmp_path, text):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text.encode("latin-1"))
    return path


GOOD = "3C00 3c00 4000 00\n7c00 fc00 fe00 10\n\n  0001 8001 0000\n7c01 0000 7d01 1\n"


def test_vectors_are_read_in_blocks(tmp_path):
    blocks = list(read_vectors(_file(tmp_path, GOOD), block=3))
    assert [block.shape for block in blocks] == [(3, 3), (3, 1)]
    assert blocks[0][:, 1].tolist() == [0x7C00, 0xFC00, 0xFE00]


@pytest.mark.parametrize(("text", "message"), [
    ("3c00 3c00 4000 00\n3c00 3c0 4000 00\n",
     f"line 2: '3c00 3c0 4000 00' is not a vector; {FORM}"),
    ("3c00 3c00\n", f"line 1: '3c00 3c00' is not a vector; {FORM}"),
    ("\n3c00 3c00 4000 00 00\n", f"line 2: '3c00 3c00 4000 00 00' is not a vector; {FORM}"),
    ("\n\n", "holds no vectors; each line is 'aaaa bbbb rrrr [flags]'"),
    ("\xff\xfe", "is not a text file of vectors 'aaaa bbbb rrrr [flags]'"),
])
def test_bad_vector_files_are_refused_with_the_place(tmp_path, text, message):
    path = _file(tmp_path, text)
    with pytest.raises(VectorFileError) as error:
        list(read_vectors(path))
    place, _, rest = str(error.value).partition("vectors.txt")
    assert place + "vectors.txt" == str(path)
    assert rest.lstrip(",: ") == message


def test_missing_vector_file(tmp_path):
    with pytest.raises(VectorFileError, match=r"none\.txt: cannot be read: No such file"):
        list(read_vectors(tmp_path / "none.txt"))


def _run(*arguments):
    return CliRunner().invoke(command, ["fp16", *map(str, arguments)])


def test_command_passes_on_good_vectors_with_any_nan(tmp_path):
    result = _run("--op", "add", "--vectors", _file(tmp_path, GOOD))
    assert result.exit_code == 0, result.output
    assert "│          0 │" in result.output


def test_command_names_the_first_differences_and_fails(tmp_path):
    path = _file(tmp_path, GOOD + "3c00 3c01 4001 01\n3c00 0000 7e00 00\n")
    result = _run("--op", "add", "--depth", "1", "--vectors", path)
    assert result.exit_code == 1
    assert "2 of 6 pairs differ" in result.output
    assert str(Mismatch(0x3C00, 0x3C01, 0x4001, 0x4000)) in result.output
    assert str(Mismatch(0x3C00, 0x0000, 0x7E00, 0x3C00)) in result.output


@pytest.mark.parametrize(("arguments", "message"), [
    (("--vectors", "x"), "--vectors needs the operation of its vectors: one --op"),
    (("--vectors", "x", "--op", "add", "--exhaustive"), "exclude each other"),
    (("--depth", "5"), "5 is not in the range 1<=x<=4"),
    (("--op", "div"), "'div' is not one of"),
])
def test_command_refuses_contradictions(arguments, message):
    result = _run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
