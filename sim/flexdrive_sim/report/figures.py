"""A report: cycles, bits, energy and rates of one frame, from the cycle model and the constants."""

from dataclasses import dataclass

from flexdrive.hyperdrive.descriptor.fields import Operation

from ..hyperdrive.cycles import steady_cycles
from ..hyperdrive.drive.frames_session import one_program
from ..hyperdrive.drive.inference_session import ChipResult, ImageResult
from ..hyperdrive.drive.runner import predict_program
from .constants import OPERATING_POINTS, Assumptions, assume
from .phases import PHASES, frame_phases
from .summary import Summary

__all__ = ["Report", "Traffic", "predicted_report"]


@dataclass(frozen=True)
class Traffic:
    """Bits of a frame that cross the edge of a chip; ``published`` : whether the published energy
    of the I/O counts them."""

    name: str
    bits: int
    published: bool
    meaning: str


class Report:
    """Figures of one frame.

    Parameters
    ----------
    deployment : flexdrive_deploy.compiled_model.Deployment, without ``layer_check``.
    runs : a :class:`~..hyperdrive.machine.ProgramRun` for each of its programs.
    assumptions : :class:`~.constants.Assumptions`.
    further : cycles of each further frame when they come one after the other as one program, or
        None.

    Attributes
    ----------
    layers : list of :class:`~.phases.LayerPhases`.
    summary : :class:`~..hyperdrive.summary.Summary`.
    traffic : list of Traffic.
    """

    def __init__(self, deployment, runs, assumptions: Assumptions, further=None):
        self.deployment, self.assumptions = deployment, assumptions
        self.further = further
        self.layers = frame_phases(deployment, runs)
        self.summary = Summary(deployment)
        self.summary.add(ImageResult({}, [ChipResult({}, 0, None, None, [], run) for run in runs]))
        self.traffic = _traffic(self.summary, runs)

    @property
    def convolutions(self):
        """The layers that compute."""
        return [layer for layer in self.layers if layer.operation == Operation.CONV]

    @property
    def phases(self):
        """Cycles of the frame by phase."""
        return {name: sum(layer.phases[name] for layer in self.layers) for name in PHASES}

    @property
    def cycles(self):
        """Of the frame, from reset to the last word."""
        return self.summary.modelled

    @property
    def layer_cycles(self):
        """Of the convolutions, without transfers and what lies between them."""
        return sum(layer.own_cycles for layer in self.convolutions)

    @property
    def utilisation(self):
        """Accumulating share of the cycles in convolutions."""
        return self.phases["accumulate"] / max(1, self.layer_cycles)

    @property
    def occupancy(self):
        """Share of the accumulating units that work on real outputs."""
        return self._additions / max(1, self.phases["accumulate"] * self.deployment.units)

    @property
    def _additions(self):
        return sum(layer.additions for layer in self.summary.convolutions)

    @property
    def _tail_operations(self):
        return sum(layer.tail_operations for layer in self.layers)

    @property
    def operations(self):
        """Operations of the network on the chip: two for each weight and pixel (padding included,
        as published), one for each scale, bias and bypass."""
        return 2 * self._additions + self._tail_operations

    @property
    def executed(self):
        """Operations that cost energy: those of units outside of the map too."""
        return (2 * self.phases["accumulate"] * self.deployment.units + self._tail_operations)

    def core_energy(self, assumptions=None):
        """Joule a frame."""
        return self.executed * (assumptions or self.assumptions).core_energy.value * 1e-12

    def io_bits(self, published=True):
        """Bits a frame, as published or all of them."""
        return sum(term.bits for term in self.traffic if term.published or not published)

    def io_energy(self, published=True):
        """Joule a frame, of the bits counted as published or of all."""
        return self.io_bits(published) * self.assumptions.io_energy.value * 1e-12

    def energy(self, published=True):
        """Joule a frame, core and I/O."""
        return self.core_energy() + self.io_energy(published)

    @property
    def core_efficiency(self):
        """TOp/s/W of the core."""
        return self.operations / self.core_energy() * 1e-12

    def system_efficiency(self, published=True):
        """TOp/s/W with the I/O."""
        return self.operations / self.energy(published) * 1e-12

    @property
    def frame_rate(self):
        """Frames a second, transfers included."""
        return self.assumptions.clock.value * 1e6 / self.cycles

    @property
    def further_rate(self):
        """Frames a second of those one after the other, None when they are not."""
        return self.further and self.assumptions.clock.value * 1e6 / self.further

    @property
    def layer_rate(self):
        """Frames a second when only convolutions count, as published."""
        return self.assumptions.clock.value * 1e6 / max(1, self.layer_cycles)

    def over_voltages(self):
        """(OperatingPoint, core and I/O as published in joule, TOp/s/W, frames a second) of each
        published point."""
        for voltage, point in OPERATING_POINTS.items():
            core = self.core_energy(assume(voltage))
            total = core + self.io_energy()
            yield (point, core, self.io_energy(), self.operations / total * 1e-12,
                   point.clock * 1e6 / self.cycles)


def _traffic(summary, runs):
    descriptors = sum(32 * descriptor.length for program in summary.deployment.programs
                      for descriptor in program.descriptors)
    terms = [
        Traffic("weights", summary.weight_bits, True,
                "once for all chips; words are whole, channels that do not exist included"),
        Traffic("maps in", summary.input_bits, True, "what the host made, 16 bit a word"),
        Traffic("maps out", summary.output_bits, False, "what the host reads"),
        Traffic("scales and biases", summary.program_bits - descriptors, False,
                "32 bit an output channel, for each chip the same"),
        Traffic("descriptors", descriptors, False, "the program"),
    ]
    if summary.deployment.mesh:
        edge, corner = (16 * sum(run.link_words[place] for run in runs) for place in (0, 1))
        terms += [
            Traffic("borders", edge, True, "edges of maps between neighbours, 16 bit a word"),
            Traffic("corners", corner, False, "corner pixels that a neighbour passes on"),
            Traffic("kinds", summary.border_bits - edge - corner, False,
                    "2 bit with each of those words"),
        ]
    return terms


def predicted_report(deployment, assumptions, *, options=None, gates=None, frames=False):
    """:class:`Report` by the cycle model; ``options`` and ``gates`` as of
    :func:`~..hyperdrive.drive.runner.predict_program`. With ``frames`` also of frames one after the
    other as one program, a ModelError where there is none."""
    further = steady_cycles(one_program(deployment), gates)[1] if frames else None
    runs = [predict_program(program, options, gates) for program in deployment.programs]
    return Report(deployment, runs, assumptions, further)
