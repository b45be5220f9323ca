"""Where the cycles of a frame go: every descriptor's time on the cycle model, phase by phase.

The chip reports cycles, accumulating cycles and stalls of every descriptor. The rest follows from
the schedule: the cycles before the first step are fixed, turns of a pipelined adder without a pixel
are counted from the groups, and what is left when all steps are decided is the tail of the last
block. The phases of all layers add up to the cycles of the model.
"""

from dataclasses import dataclass
from itertools import groupby

from flexdrive.hyperdrive.descriptor.fields import Operation

from ..hyperdrive.cycles import first_step
from ..hyperdrive.cycles.groups import groups

__all__ = ["PHASES", "LayerPhases", "frame_phases"]

PHASES = {
    "accumulate": "every unit of a full tile adds",
    "empty turns": "turns of a pipelined adder (L > 1) without a pixel or block of their own",
    "weight stall": "a weight has not arrived",
    "tail exposed": "scale, bypass, bias and write-back that nothing hides: waits for the tail of "
                    "the block before, the tail of the last block",
    "fill": "from the descriptor to the first step",
    "transfer": "maps to and from the host, a word a cycle",
    "between": "descriptors read and checked, borders of neighbours awaited",
}


@dataclass(frozen=True)
class LayerPhases:
    """A layer, or a transfer.

    Attributes
    ----------
    name, operation : of the entry of the program.
    shape : (channels, height, width) of the map that it makes, or moves.
    phases : name of a phase -> cycles.
    steps : cycles of the sums alone, without the tail. serial : with the tail of every block after
        its sums, C cycles each for scale, bias and bypass, as published; both of tiles as large as
        these. Channelwise layers, which the publication has not, count as they are.
    tail_operations : scales, biases and additions of a bypass that make the map.
    """

    name: str
    operation: Operation
    shape: tuple
    phases: dict
    steps: int = 0
    serial: int = 0
    tail_operations: int = 0

    @property
    def title(self):
        """The name; of a transfer with its direction."""
        return (self.name if self.operation == Operation.CONV
                else f"{self.name}, {self.operation.name}")

    @property
    def cycles(self):
        """All phases."""
        return sum(self.phases.values())

    @property
    def own_cycles(self):
        """Without what lies between this and the layer before."""
        return self.cycles - self.phases["between"]


def _empty_turns(config, descriptor):
    """Turns of the adders that no pixel or block uses."""
    depth = config.adder_depth
    if depth == 1:
        return 0
    return sum(group.steps * (depth - group.slots) for group in groups(config, descriptor, 0, 0))


def _phases(config, descriptor, row, before):
    """Cycles of one descriptor by phase; ``before`` is the cycle in which the last report left."""
    phases = dict.fromkeys(PHASES, 0)
    phases["between"] = row.time - before - row.cycles
    if row.operation != Operation.CONV:
        phases["transfer"] = row.cycles
        return phases
    phases |= {"accumulate": row.active, "empty turns": _empty_turns(config, descriptor),
               "weight stall": row.weight_stalls, "fill": first_step(config)}
    phases["tail exposed"] = row.cycles - sum(
        phases[name] for name in ("accumulate", "empty turns", "weight stall", "fill"))
    return phases


def _schedule(config, descriptor, row, shape):
    """(steps, serial, tail operations) of a CONV; ``shape`` of the map that it writes into."""
    d, (_, height, width) = descriptor, shape
    adds = 2 + bool(d.bypass)
    tail_operations = d.out_channels * height * width * adds
    if d.channelwise:
        return row.active, row.active, tail_operations
    blocks = d.tile_rows * d.tile_columns * -(-d.out_channels // config.channels)
    sums = d.taps * d.in_channels
    return blocks * sums, blocks * (sums + config.channels * adds), tail_operations


def _program_phases(program, run):
    """The layers of one program, by the reports of the chip that ends last."""
    at, rows = max(run.chips.items(), key=lambda item: item[1][-1].time)
    descriptors = [command.descriptor for command in program.chip_commands()[at]]
    before, parts = 0, []
    for entry, descriptor, row in zip(program.entries, descriptors, rows, strict=True):
        parts.append((entry, descriptor, row, _phases(program.config, descriptor, row, before)))
        before = row.time
    # After the last report of this chip: the last word, the other chips.
    parts[-1][3]["between"] += run.cycles - before
    for entry, pieces in groupby(parts, key=lambda part: part[0]):
        shape, phases, counts = program.maps[entry.writes or entry.reads].shape, [], []
        for _, descriptor, row, cycles in pieces:
            phases.append(cycles)
            counts.append(_schedule(program.config, descriptor, row, shape)
                          if entry.operation == Operation.CONV else (0, 0, 0))
        yield LayerPhases(entry.name, entry.operation, shape,
                          {name: sum(cycles[name] for cycles in phases) for name in PHASES},
                          *(sum(count) for count in zip(*counts, strict=True)))


def frame_phases(deployment, runs):
    """:class:`LayerPhases` of all layers and transfers of a frame, in order.

    Parameters
    ----------
    deployment : flexdrive_deploy.compiled_model.Deployment.
    runs : for each of its programs a :class:`~..hyperdrive.machine.ProgramRun`. Of a mesh the chip
        counts whose last report comes last; the times of the others differ by waits.
    """
    return [layer for program, run in zip(deployment.programs, runs, strict=True)
            for layer in _program_phases(program, run)]
