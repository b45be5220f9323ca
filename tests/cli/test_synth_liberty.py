# amaranth: UnusedElaboratable=no
"""``flexdrive synth --liberty``: a library of seven cells, and circuits whose cells are known."""

import json

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from click.testing import CliRunner

from flexdrive.errors import FlexdriveError
from flexdrive_cli.synth import command
from flexdrive_deploy.hdl.synth import synthesise
from flexdrive_deploy.hdl.synth.liberty import device_of, read_library
from flexdrive_deploy.hdl.synth.macros import Macro, Memory, choose, read_macros

# Areas that are sums of different powers of two say which cells were counted.
_GATES = {"INV": (2, ("A",), "!A"), "ND2": (4, ("A", "B"), "(A B)'"),
          "ND2_BIG": (64, ("A", "B"), "!A+!B"), "NR2": (8, ("A", "B"), "!(A + B)"),
          "XR2": (16, ("A", "B"), "A^B"), "BUF": (2, ("A",), "A")}


def _text(gates=_GATES, flip_flop=True):
    cells = []
    for name, (area, inputs, function) in gates.items():
        pins = "".join(f'pin({pin}) {{ direction : input; capacitance : 1.0; }}\n'
                       for pin in inputs)
        cells.append(f'cell ("{name}") {{\n area : {area}.0;\n{pins}'
                     f'pin(Y) {{ direction : output; function : "{function}"; }}\n}}\n')
    if flip_flop:
        cells.append('cell (DFF) { area : 1024; /* } */ ff (IQ, IQN) { clocked_on : "C"; '
                     'next_state : "D"; }\n pin(C) { direction : input; clock : true; }\n'
                     'pin(D) { direction : input; }\n'
                     'pin(Q) { direction : output; function : "IQ"; }\n}\n')
    return ('library (seven) {\n time_unit : "1ns"; values ("1, 2", \\\n "3, 4");\n'
            f'{"".join(cells)}}}\n')


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "seven.lib"
    path.write_text(_text())
    return path


def test_cells_of_a_library(library):
    read = read_library(library)
    assert read.name == "seven"
    assert read.areas == {name: area for name, (area, *_) in _GATES.items()} | {"DFF": 1024}
    assert read.flip_flops == ("DFF",)
    assert read.nand == 4


@pytest.mark.parametrize("function", ["!(A&B)", "(!A) | (!B)", "A'+B'", "!(B * A)", "(A B)'",
                                      "!((A)&(B))", "A^(A B) + !A"])
def test_a_nand_however_it_is_written(tmp_path, function):
    path = tmp_path / "one.lib"
    path.write_text(_text({"X": (3, ("A", "B"), function), "Y": (1, ("A", "B"), "!(A+B)"),
                           "Z": (1, ("A", "B"), "A B"), "W": (1, ("A", "B", "C"), "!(A B)")}))
    assert read_library(path).nand == 3


@pytest.mark.parametrize(("text", "message"), [
    ("module x; endmodule", "is no Liberty file: it does not begin with 'library (name)'"),
    (_text()[:-3], "is no whole Liberty file: group library has no end"),
    (_text() + "}", "is no Liberty file: a '}' closes nothing"),
    (_text().replace("area : 8.0", "area : big"), "cell \"NR2\": area 'big' is no number"),
    (_text(flip_flop=False), "library seven has no flip-flop; a library with both would pass"),
    (_text({"INV": _GATES["INV"]}), "library seven has no NAND of two inputs"),
])
def test_a_file_that_is_none(tmp_path, text, message):
    path = tmp_path / "none.lib"
    path.write_text(text)
    with pytest.raises(FlexdriveError) as error:
        read_library(path)
    assert message in str(error.value)


class _Known(wiring.Component):
    """A NAND, an XOR, three flip-flops without anything, 20 words of 9 bits."""

    a: In(2)
    data: In(9)
    nand: Out(1)
    different: Out(1)
    q: Out(3)
    word: Out(9)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.nand.eq(~(self.a[0] & self.a[1])), self.different.eq(self.a.xor())]
        m.submodules.store = store = memory.Memory(shape=9, depth=20, init=[])
        read, write = store.read_port(), store.write_port()
        m.d.comb += [read.en.eq(1), write.en.eq(1), write.data.eq(self.data),
                     read.addr.eq(self.data), write.addr.eq(self.data), self.word.eq(read.data)]
        kept = Signal(3, reset_less=True)
        m.d.sync += kept.eq(self.data)
        m.d.comb += self.q.eq(kept)
        return m


@pytest.mark.slow
def test_known_sizes(library, tmp_path):
    made = synthesise(_Known(), device_of(read_library(library)), tmp_path)
    assert made.cells["DFF"] == 3
    assert made.memories == [Memory(20, 9, 1, 1)]
    assert made.registers(made.cells) == 3
    assert made.area(made.cells) - made.logic(made.cells) == 3 * 1024
    assert made.cells["XR2"] == made.cells["ND2"] == 1
    assert made.cells["ND2_BIG"] == 0


@pytest.mark.slow
def test_the_command_counts_cells_and_macros(library, tmp_path):
    (tmp_path / "macros.toml").write_text(
        '[[macro]]\nname = "small"\nwords = 64\nbits = 8\narea = 100\n'
        '[[macro]]\nname = "large"\nwords = 4096\nbits = 64\narea = 9000.5\n')
    figures = tmp_path / "figures.json"
    result = CliRunner().invoke(command, [
        "hyperdrive-tile", "--preset", "tiny", "--channels", "1", "--liberty", str(library),
        "--macros", str(tmp_path / "macros.toml"), "--json", str(figures), "--levels", "1"])
    assert result.exit_code == 0, result.output
    made = json.loads(figures.read_text())
    assert set(made["cells"]) - {kind for kind in made["cells"] if kind.startswith("$mem")} <= {
        *_GATES, "DFF"}
    assert made["area"] == sum(({name: area for name, (area, *_) in _GATES.items()}
                                | {"DFF": 1024}).get(kind, 0) * count
                               for kind, count in made["cells"].items())
    assert made["macros"]["small"] * 64 * 8 >= 1
    assert made["macro_area"] == sum({"small": 100, "large": 9000.5}[name] * count
                                     for name, count in made["macros"].items())
    assert "gate equivalents of 4, with registers" in result.output
    assert f"{made['area'] + made['macro_area']:,.0f} with memories" in result.output


_MACROS = [Macro("narrow", 64, 8, 100), Macro("wide", 64, 64, 700), Macro("one", 64, 64, 10, 1, 0)]


@pytest.mark.parametrize(("memory", "name", "count"), [
    (Memory(64, 8, 1, 1), "narrow", 1), (Memory(65, 8, 1, 1), "narrow", 2),
    (Memory(64, 57, 1, 1), "wide", 1), (Memory(64, 49, 1, 1), "narrow", 7),
    (Memory(1, 1, 1, 0), "one", 1)])
def test_the_least_area_is_chosen(memory, name, count):
    ((macro, number),) = choose([memory], _MACROS).items()
    assert (macro.name, number) == (name, count)


def test_ports_that_no_macro_has():
    with pytest.raises(FlexdriveError, match="64 words of 8 bits has 2 ports that read and 1 that "
                                             "write, more than any macro has"):
        choose([Memory(64, 8, 2, 1)], _MACROS)


@pytest.mark.parametrize(("text", "message"), [
    ("macro = 1", "what would pass is tables"), ("[[macro]]\nname = 'a'\nwords = 1\nbits = 1",
                                                  "macro 1: 'area' is missing"),
    ("[[macro]]\nname = 'a'\nwords = 0\nbits = 1\narea = 1", "words = 0 is no positive number"),
    ("[[macro]]\nname = 'a'\nwords = 1\nbits = 1\narea = 1\ndepth = 2", "'depth' is unknown"),
    ("[[macro", "cannot be read as a table of macros")])
def test_a_table_that_is_none(tmp_path, text, message):
    path = tmp_path / "macros.toml"
    path.write_text(text)
    with pytest.raises(FlexdriveError) as error:
        read_macros(path)
    assert message in str(error.value)


@pytest.mark.parametrize(("arguments", "message"), [
    (("--macros", "x.toml"), "it needs --liberty"),
    (("--device", "generic", "--liberty", "x.lib"), "and so does --device generic"),
])
def test_options_that_exclude_each_other(arguments, message):
    result = CliRunner().invoke(command, ["fp16-add", *arguments])
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


def test_a_library_has_no_clock(library):
    result = CliRunner().invoke(command, ["fp16-add", "--liberty", str(library), "--freq", "5"])
    assert result.exit_code == 2
    assert "liberty has no clock" in " ".join(result.output.split())
