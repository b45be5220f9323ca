"""Networks on the host and on a chip: images in, results, comparison and counters out."""

from dataclasses import dataclass

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive.descriptor.fields import Activation, Code, Operation
from flexdrive_deploy.compiled_model import ChipPart
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.hyperdrive.ir import MINUS_ZERO, Average, half_bits
from flexdrive_deploy.hyperdrive.mesh_borders import neighbours

from ..golden.chip import GoldenChip, check
from ..golden.convolution import averages, channelwise, convolve
from ..golden.memory_check import check_plan
from ..golden.overflow import of_program, of_values
from .runner import ProgramRun, board_for, machine_for, predict_program, run_program

__all__ = ["ENGINES", "ChipResult", "Difference", "ImageResult", "Session", "evaluate",
           "first_difference", "known_engine"]

ENGINES = ("golden", "rtl", "pysim")
# An engine that is a board: "board:PORT" or "board:PORT@BAUD".
_BOARD = "board:"


class RunError(FlexdriveError):
    """The chip did something that no program of ours makes it do."""


@dataclass(frozen=True)
class Difference:
    """The first word that is not as the golden model says; patterns are binary16."""

    layer: str
    channel: int
    row: int
    column: int
    expected: int
    got: int
    cycle: int | None = None

    def __str__(self):
        when = "" if self.cycle is None else f", cycle {self.cycle}"
        values = np.array([self.expected, self.got], np.uint16).view(np.float16)
        return (f"layer {self.layer}, channel {self.channel}, row {self.row}, column "
                f"{self.column}: expected {self.expected:04x} ({values[0]:g}), got "
                f"{self.got:04x} ({values[1]:g}){when}")


@dataclass(frozen=True, eq=False)
class ChipResult:
    """One program run for one image.

    Attributes
    ----------
    maps : name -> uint16 (channels, height, width) of everything that was stored.
    compared : words compared with the golden model.
    difference : the first Difference, or None.
    cycles : from reset to the last word, None on the golden model.
    reports : the chip's report of every descriptor, empty on the golden model.
        On a mesh, for each descriptor that of the chip that took longest.
    predicted : what the cycle model says of cycles and reports.
    model_holds : whether the cycle model is right in the total and in every report of every chip.
    overflows : :class:`~..golden.overflow.Overflow` of its maps, in order of execution.
    sent, stored : words to the chip, and those that the golden model says come back, in the order
        of the whole image; None of a report without images.
    """

    maps: dict
    compared: int
    difference: Difference | None
    cycles: int | None
    reports: list
    predicted: ProgramRun
    model_holds: bool = True
    overflows: tuple = ()
    sent: np.ndarray | None = None
    stored: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class ImageResult:
    """outputs : name -> array of the network's results, float16 where the chip made them;
    chips : a ChipResult for each program; overflows : :class:`~..golden.overflow.Overflow` of
    every map with values that are infinite or no numbers, in order of execution."""

    outputs: dict
    chips: list
    overflows: tuple = ()

    @property
    def difference(self):
        """The first Difference in any program, or None."""
        return next((chip.difference for chip in self.chips if chip.difference), None)


def evaluate(graph, maps):
    """All maps of a ChipGraph layer by layer, without programs, memories or streams.

    maps: name -> uint16 (channels, height, width) of its inputs; returns those and all others."""
    maps = dict(maps)
    def join():
        for concat in graph.concats:
            if concat.target not in maps and all(name in maps for name in concat.sources):
                maps[concat.target] = np.concatenate([maps[name] for name in concat.sources])
                join()

    join()
    for layer in graph.layers:
        bypass = maps[layer.bypass] if layer.bypass is not None else None
        maps[layer.target] = _evaluate_layer(layer, maps[layer.source], bypass)
        join()
    for average in graph.averages:
        words = maps[average.source]
        maps[average.target] = averages(words.transpose(1, 2, 0), words.shape[1:], Average.factor(
            words.shape)).transpose(2, 0, 1)
    return maps


def _evaluate_layer(layer, source, bypass):
    """The map of a layer: groups, each in its partial sums, then the shuffle."""
    if layer.upsample:
        source = source.repeat(2, 1).repeat(2, 2)
    if layer.channelwise:
        return _shuffled(channelwise(
            source, None if layer.maximum else layer.weights, layer.alpha, layer.beta,
            kernel=layer.kernel, stride=layer.stride, taps=layer.placed, size=layer.size,
            activation=layer.activation, slope=layer.slope, bounds=layer.bounds or None,
            bypass=bypass, late=layer.late), layer.shuffle)
    per_group, inputs = layer.c_out // layer.groups, layer.weights.shape[1]
    made = []
    for group in range(layer.groups):
        here = slice(group * per_group, (group + 1) * per_group)
        total, begin = None if bypass is None else bypass[here], 0
        for part in layer.parts or (inputs,):
            end, last = begin + part, begin + part == inputs
            total = convolve(
                source[group * inputs + begin:group * inputs + end],
                layer.weights[here, begin:end], layer.alpha[here],
                layer.beta[here] if last else np.full(per_group, MINUS_ZERO, np.uint16),
                stride=layer.stride, taps=layer.placed, size=layer.size, bypass=total,
                activation=layer.activation if last else Activation.NONE, slope=layer.slope,
                bounds=layer.bounds if last and layer.bounds else None, late=layer.late)
            begin = end
        made.append(total)
    return _shuffled(np.concatenate(made), layer.shuffle)


def _shuffled(channels, ways):
    """Channel g*K + j of ``ways`` groups goes to j*ways + g."""
    groups = channels.reshape(ways, -1, *channels.shape[1:])
    return np.ascontiguousarray(groups.swapaxes(0, 1)).reshape(channels.shape)


def _refuse_illegal(program):
    """RunError when a chip would refuse a descriptor of ``program``."""
    for (y, x), commands in program.chip_commands().items():
        sides = neighbours(*program.mesh, y, x) if program.mesh else (False,) * 4
        for index, (descriptor, _) in enumerate(commands):
            code = check(descriptor, program.config, sides)
            if code != Code.OK:
                raise RunError(f"Descriptor {index} of the program is illegal: {code.name}")


def _check_reports(program, run):
    """RunError when a chip refused a descriptor or stopped; of stops, that of the first."""
    bad = [(at, row) for at, rows in run.chips.items() for row in rows if row.code != Code.OK]
    if not bad:
        return
    at, row = min(bad, key=lambda entry: entry[1].time)
    chip = f"Chip {at}" if program.mesh else "The chip"
    if not row.code.stops:
        raise RunError(f"{chip} refused descriptor {row.index}: {row.code.name}")
    entries = program.entries
    where = (f"{entries[row.index].operation.name} {entries[row.index].name}"
             if row.index < len(entries) else "the end of the program")
    when = "in" if row.operation else "before"
    side = row.code.name.removeprefix("LINK_").lower()
    raise RunError(f"{chip} stopped {when} {where} (descriptor {row.index}), cycle {row.time}: "
                   f"its link to the {side} failed, {row.link_error.name}; there is no result")


def _sent(program, entry, words):
    """What a STORE sends of a map (channels, height, width)."""
    image = words.transpose(1, 2, 0)
    if entry.average is not None:
        image = averages(image, program.patch(entry), Average.factor(words.shape))
    return image.ravel()


def first_difference(program, expected, got, times=None):
    """Difference of two output streams of a program, or None."""
    wrong = np.flatnonzero(expected != got)
    if not len(wrong):
        return None
    index = int(wrong[0])
    entry, start = next((entry, start) for entry, start in reversed(program.stores)
                        if start <= index)
    channels, _, width = program.stored_shape(entry)
    pixel, channel = divmod(index - start, channels)
    row, column = divmod(pixel, width)
    cycle = None if times is None else int(times[index])
    return Difference(entry.name, channel, row, column, int(expected[index]), int(got[index]),
                      cycle)


def _work(run):
    """What does not depend on when words come, nor on the images before, of each report."""
    return [(row.code, row.operation, row.active, row.link_error)
            for row in run.reports]


def known_engine(engine):
    """``engine`` if there is one of that name; ModelError if not."""
    if engine not in ENGINES and not str(engine).startswith(_BOARD):
        raise ModelError(f"engine = {engine!r} is none of {', '.join(ENGINES)}, board:PORT")
    return engine


class Session:
    """A deployment on one engine.

    Parameters
    ----------
    deployment : flexdrive_deploy.compiled_model.Deployment.
    engine : "golden"; "rtl", the RTL on the compiled engine; "pysim", the RTL on Amaranth's
        simulator; "board:PORT", a board (:mod:`.board`). RTL and boards are compared with the
        golden model in every word that they store.
        Programs on the golden engine are compared with the layers evaluated one by one, when the
        deployment was compiled in this process.
    options : flexdrive.hyperdrive.mesh_chip.MeshOptions of a mesh.
    gates : stream name -> :class:`flexdrive_sim.engine.Gate` pattern, for RTL and cycle model.
    notify : called with a line of text before each slow step.
    """

    def __init__(self, deployment, engine="golden", *, options=None, gates=None,
                 notify=None):
        self.deployment = deployment
        self.engine = known_engine(engine)
        self._options, self._gates = options, gates
        self._chip = None
        self._predictions = {}
        self._checked = {}
        for program in deployment.programs:
            self._check(program)
        self._cable = engine.startswith(_BOARD)
        if self._cable:
            self._chip = board_for(deployment.config, deployment.mesh, engine)
        elif engine != "golden":
            self._chip = machine_for(deployment.config, deployment.mesh, options, notify=notify,
                                     engine="compiled" if engine == "rtl" else "pysim")

    def run(self, image):
        """Run one image, (1, ...) as the network's input says, or input name -> that of each:
        ImageResult."""
        values = dict(image) if isinstance(image, dict) else {
            next(iter(self.deployment.inputs)): image}
        chips, exact, overflows = [], {}, []
        for part in self.deployment.parts:
            if isinstance(part, ChipPart):
                result = self._run_chip(part, {name: half_bits(values[name][0])
                                               for name in part.inputs})
                chips.append(result)
                overflows += result.overflows
                for name in part.outputs:
                    exact[name] = np.ascontiguousarray(result.maps[name]).view(np.float16)[None]
                    values[name] = exact[name].astype(np.float32)
            else:
                made = part.run(values)
                overflows += of_values(made)
                values |= made
        outputs = {name: exact.get(name, values[name]) for name in self.deployment.outputs}
        return ImageResult(outputs, chips, tuple(overflows))

    def _run_chip(self, part, maps):
        program = part.program
        pixels = program.pack(maps)
        golden = GoldenChip(program.array, (program.config.rows, program.config.columns))
        expected = golden.run(self._check(program), program.weights, pixels)
        overflows = tuple(of_program(program, golden.beyond))
        if self._chip is None:
            return self._check_golden(part, maps, pixels, expected, overflows)
        predicted = self._predicted(program)
        run = run_program(self._chip, program, pixels, 2 * predicted.cycles + 10_000,
                          self._gates)
        _check_reports(program, run)
        difference = first_difference(program, expected, run.pixels, run.pixel_times)
        # On a board words come when the cable brings them: what was done is as modelled, not when;
        # transfers count as modelled.
        cycles = None if self._cable else run.cycles
        holds = (_work(run) == _work(predicted) if self._cable else
                 (run.cycles, run.chips) == (predicted.cycles, predicted.chips))
        reports = run.reports
        if self._cable:
            reports = [row if row.operation == Operation.CONV else model
                       for row, model in zip(reports, predicted.reports, strict=True)]
        return ChipResult(program.unpack(run.pixels), len(expected), difference, cycles, reports,
                          predicted, holds, overflows, pixels, expected)

    def _check_golden(self, part, maps, sent, pixels, overflows):
        program, compared, difference = part.program, 0, None
        if part.graph is not None:
            direct = evaluate(part.graph, maps)
            parts = [_sent(program, entry, direct[entry.reads]) for entry, _ in program.stores]
            compared, expected = len(pixels), np.concatenate(parts)
            difference = first_difference(program, expected, pixels)
        return ChipResult(program.unpack(pixels), compared, difference, None, [],
                          self._predicted(program), overflows=overflows, sent=sent, stored=pixels)

    def _check(self, program):
        """The program as the golden model takes it; checked once, not for every image."""
        if program not in self._checked:
            _refuse_illegal(program)
            check_plan(program)
            self._checked[program] = GoldenChip(program.array).checked(program.array_commands)
        return self._checked[program]

    def _predicted(self, program):
        if program not in self._predictions:
            self._predictions[program] = predict_program(program, self._options, self._gates)
        return self._predictions[program]
