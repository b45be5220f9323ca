"""flexdrive report: phases add up, published figures of ResNet-34 come out, the page is whole."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import onnx
import pytest

from flexdrive.hyperdrive.config import PRESETS, ChipConfig
from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_sim.engine import Gate
from flexdrive_sim.hyperdrive.drive.runner import predict_program
from flexdrive_sim.report import OPERATING_POINTS, assume, predicted_report
from flexdrive_sim.report.against import lines, remarks
from flexdrive_sim.report.page import page

from ..deploy.networks import random_graph
from ..deploy.test_resnet34 import resnet34

DIGITS = Path(__file__).parents[2] / "examples/digits/digits.onnx"


def digits(*, mesh=None, model=None, **parameters):
    config = replace(PRESETS["digits"], mesh=mesh is not None, **parameters)
    return compile_model(model or onnx.load(DIGITS), config, name="digits", mesh=mesh)


@pytest.fixture(scope="module")
def published():
    """The published frame."""
    graph = resnet34()
    program = lower(graph, PRESETS["paper"])
    return Deployment("resnet34", program.config, [ChipPart(program, graph)], {}, [])


@pytest.mark.parametrize("interval", [1, 3])
@pytest.mark.parametrize("parameters", [
    {"adder_depth": 1}, {"adder_depth": 2}, {"adder_depth": 3, "rows": 3}, {"adder_depth": 4},
    {"adder_depth": 3, "rows": 2, "columns": 2, "mesh": (2, 2)},
    {"rows": 1, "columns": 2, "channels": 8, "fm_words": 4096, "mesh": (2, 1)}])
def test_phases_add_up_to_the_cycles_of_the_model(parameters, interval):
    deployment = digits(**parameters)
    gates = {"i_weights": Gate.every(interval)}
    report = predicted_report(deployment, assume(), gates=gates)
    (program,) = deployment.programs
    run = predict_program(program, gates=gates)
    assert sum(sum(layer.phases.values()) for layer in report.layers) == run.cycles
    assert sum(report.phases.values()) == report.cycles == run.cycles
    depth = program.config.adder_depth
    at = max(run.chips, key=lambda place: run.chips[place][-1].time)
    for layer, entry, row, d in zip(report.layers, program.entries, run.chips[at],
                                    program.descriptors, strict=True):
        assert (layer.name, layer.own_cycles) == (entry.name, row.cycles)
        assert min(layer.phases.values()) >= 0
        if entry.operation != Operation.CONV:
            continue
        # Steps of L turns, in which pixels or blocks are interleaved.
        pixels, blocks = d.tile_rows * d.tile_columns, -(-d.out_channels // program.config.channels)
        steps = (blocks * -(-pixels // depth) if d.interleave == 1
                 else pixels * -(-blocks // depth)) * d.kernel ** 2 * d.in_channels
        assert layer.phases["accumulate"] + layer.phases["empty turns"] == steps * depth
        assert layer.phases["accumulate"] == layer.steps == row.active
        assert layer.phases["fill"] == 3 + depth
        # At the least: the last operand to the adder, C values out, through four stages.
        assert layer.phases["tail exposed"] >= 7 + program.config.channels + 4
    if interval == 1 and depth == 1:
        assert report.phases["weight stall"] == report.phases["empty turns"] == 0


@pytest.mark.parametrize("seed", range(6))
def test_every_kind_of_layer_has_its_phases(seed):
    """Groups, partial sums, depthwise layers, maxima, joined maps: several descriptors a layer."""
    rng = np.random.default_rng(seed)
    config = ChipConfig(rows=2, columns=3, channels=4, fm_words=4096, fm_banks=4, weight_words=96,
                        adder_depth=1 + seed % 4, channelwise=True)
    graph = random_graph(rng, (5, 9, 7), 8, channelwise=True)
    program = lower(graph, config)
    report = predicted_report(Deployment("random", config, [ChipPart(program, graph)], {}, []),
                              assume(), gates={"i_weights": Gate.every(2)})
    assert report.cycles == sum(report.phases.values())
    assert report.layer_cycles == report.summary.layer_cycles
    assert len(report.convolutions) == len(graph.layers)
    for layer, cost in zip(report.layers, report.summary.layers, strict=True):
        assert (layer.name, layer.phases["accumulate"]) == (cost.entry.name, cost.active)
        assert min(layer.phases.values()) >= 0
    assert 0 < report.occupancy <= 1


@pytest.mark.slow
def test_published_frame(published):
    report = predicted_report(published, assume())
    assert report.phases == {"accumulate": 4_521_984, "empty turns": 0, "weight stall": 0,
                             "tail exposed": 35 * 29, "fill": 35 * 4,
                             "transfer": 225_811, "between": 20}
    assert report.layer_cycles == 4_523_139
    # The serial schedule: reference formula with all sixteen additions of a bypass.
    assert sum(layer.serial for layer in report.layers) == 4_669_952
    assert report.io_bits() == 21_258_240 + 64 * 56 * 56 * 16
    assert f"{1e3 * report.io_energy():.1f}" == "0.5"
    assert f"{report.system_efficiency():.1f}" == "3.6"
    assert f"{report.operations / 1e9:.2f}" == "7.10"
    assert [line.quantity for line in lines(report) if not line.agrees] == [
        "cycles of all layers, million", "utilisation, %", "core and I/O, mJ",
        "ISVLSI 2018, system at 0.65 V, TOp/s/W", "throughput of the layers, GOp/s"]
    assert all(line.why for line in lines(report) if not line.agrees)
    assert any("4,669,952" in remark for remark in remarks(report))


@pytest.mark.slow
def test_headline_of_the_first_paper(published):
    """0.65 V typical on the chip's page: 1,568 operations a cycle at 160 MHz are its 250.9 GOp/s;
    its 25.9 mW give nearly the published 5.9 TOp/s/W, its 6.1 TOp/s/W do not."""
    assert round(1568 * 160e6 / 1e9, 1) == 250.9
    report = predicted_report(published, assume("0.65-typical"))
    # All units in all cycles; of each value of 35 convolutions a product and a sum, of each of 16
    # blocks' another sum.
    values = {56 * 56 * 64: (6, 3), 28 * 28 * 128: (9, 4), 14 * 14 * 256: (13, 6),
              7 * 7 * 512: (7, 3)}
    tails = sum(size * (2 * layers + blocks) for size, (layers, blocks) in values.items())
    bits, operations = 21_258_240 + 64 * 56 * 56 * 16, 2 * 784 * 4_521_984 + tails
    assert report.operations == operations
    energy = operations * 25.9e-3 / 250.9e9 + bits * 21e-12
    assert report.energy() == pytest.approx(energy)
    assert f"{report.system_efficiency():.2f}" == "5.69"
    other = predicted_report(published, assume("0.65-typical-6.1"))
    assert f"{other.system_efficiency():.2f}" == "4.23"
    assert report.assumptions.clock.value == other.assumptions.clock.value == 160
    (line,) = [line for line in lines(report) if "ISVLSI" in line.quantity]
    assert (line.published, line.here, line.agrees) == ("5.9", "5.694", False)
    assert "0.733 mJ and 0.514 mJ" in line.why
    assert "1.164 mJ, 4.23" in line.why


@pytest.mark.slow
def test_only_the_published_frame_is_set_beside_published_figures(published):
    (program,) = published.programs
    other = replace(program.config, adder_depth=2)
    deployment = Deployment("resnet34", other, [ChipPart(lower(resnet34(), other))], {}, [])
    assert lines(predicted_report(deployment, assume())) == []


def test_constants_can_be_given():
    deployment = digits()
    plain = predicted_report(deployment, assume())
    assert [constant.value for constant in plain.assumptions] == [58, pytest.approx(1 / 4.9), 21]
    other = predicted_report(deployment, assume("0.65", clock=116, core_energy=1, io_energy=42))
    assert other.frame_rate == pytest.approx(2 * plain.frame_rate)
    assert other.io_energy() == pytest.approx(2 * plain.io_energy())
    assert other.core_energy() == pytest.approx(4.9 * plain.core_energy())
    assert {constant.source for constant in other.assumptions} == {"given on the command line"}
    assert [point.name for point, *_ in other.over_voltages()] == list(OPERATING_POINTS)


def test_units_outside_of_the_map_cost_energy():
    """8 x 8 pixels on 3 x 4 tiles: of 12 tile rows 8 are inside."""
    report = predicted_report(digits(rows=3), assume())
    assert report.occupancy == pytest.approx(8 / 12, abs=0.02)
    inside = predicted_report(digits(), assume())
    assert report.operations == inside.operations
    assert report.core_energy() > 1.3 * inside.core_energy()


class Page(HTMLParser):
    """Open elements, references, identifiers and the cells of the tables."""

    def __init__(self, text):
        super().__init__()
        self.open, self.references, self.identifiers, self.cells = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "br"):
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "data"):
                self.references.append(value)
            elif name == "id":
                self.identifiers.append(value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells.append(data.strip())


@pytest.mark.slow
def test_page_needs_nothing_else_and_names_are_text():
    model = onnx.load(DIGITS)
    for node in model.graph.node:
        if node.name == "block1/1/conv":
            node.name = "<b>$x_1$ & co"
    report = predicted_report(digits(model=model), assume())
    text = page(report, "a chip")
    read = Page(text)
    assert read.open == []
    assert "<b>$x_1$ & co" in read.cells
    assert f"{report.cycles:,}" in read.cells
    assert read.references
    assert all(reference.startswith("#") for reference in read.references)
    used = {name[1:] for name in read.references} | set(re.findall(r"url\(#([^)]+)\)", text))
    assert used <= set(read.identifiers)
    assert len(read.identifiers) == len(set(read.identifiers))
    assert "<script" not in text
    assert page(report, "a chip") == text


def test_traffic_of_a_mesh_is_that_of_its_links():
    deployment = digits(rows=2, columns=2, mesh=(2, 2))
    report = predicted_report(deployment, assume())
    (run,) = [predict_program(program) for program in deployment.programs]
    bits = {term.name: term.bits for term in report.traffic}
    assert bits["borders"] + bits["corners"] + bits["kinds"] == run.border_bits > 0
    # Reference formulas, c * 2 * (h + w) words of edges and 4 * c of corners for 2 x 2 chips: three
    # maps of 16 x 8 x 8, three of 32 x 4 x 4.
    assert bits["borders"] == 16 * 2 * (3 * 16 * (8 + 8) + 3 * 32 * (4 + 4))
    assert bits["corners"] == 16 * 4 * (3 * 16 + 3 * 32)
    left_out = ("maps out", "scales and biases", "descriptors", "corners", "kinds")
    assert report.io_energy(published=False) - report.io_energy() == pytest.approx(
        21e-12 * sum(bits[name] for name in left_out))


@pytest.mark.slow
def test_units_are_chosen_by_size():
    """A frame of the digits network takes 1.466 microjoule: not 0.001466 mJ."""
    text = page(predicted_report(digits(), assume()), "a chip")
    assert "<b>1.466 µJ</b>" in text
    # Of the published designs only, energies are in mJ as they were published.
    for energy in re.findall(r"<td>([\d.]+) mJ", text):
        assert float(energy) >= 0.1
    assert not re.search(r"\b0\.00\d+ [mkMG]?(J|bit|Op)", text)


@pytest.mark.slow
def test_cards_wrap_in_rows_of_equal_length():
    text = page(predicted_report(digits(), assume()), "a chip")
    cards = text[text.index('<div class="cards">'):text.index("<h2>Cycles")].count("<div><b>")
    for columns in re.findall(r"grid-template-columns: repeat\((\d+)", text):
        assert cards % int(columns) == 0
    assert 'name="viewport"' in text
