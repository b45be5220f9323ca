"""A whole program on the cycle model, on one chip or on a mesh.

The chips of a mesh wait for each other: for borders, full senders, the common weight stream. So
program, accumulation and tail of each chip are processes that go on in the order of time; the links
are followed cycle by cycle while something is on them.
"""

from dataclasses import dataclass

from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.mesh_chip import MeshOptions
from flexdrive_deploy.hyperdrive.mesh_borders import neighbours, split_program

from ...engine import Gate
from .beside import BesideModel
from .chip import ChipModel
from .exchange import connect, step
from .scheduler import Scheduler
from .weights import BroadcastWeights, ForwardedWeights

__all__ = ["Prediction", "predict", "predict_mesh"]


@dataclass(frozen=True)
class Prediction:
    """What a program will do.

    Attributes
    ----------
    cycles : from reset until the last word and report have left.
    chips : {(y, x): list of :class:`~..report_row.ReportRow`} of each chip.
    link_words : {(y, x): {side: (border, corner)}}, words that left on each link.
    """

    cycles: int
    chips: dict
    link_words: dict

    @property
    def reports(self):
        """The reports of the only chip."""
        (reports,) = self.chips.values()
        return reports


class _Links:
    """All links for the scheduler."""

    def __init__(self, chips):
        self._chips = chips
        self._exchanges = {at: chip.exchange for at, chip in chips.items()}

    @property
    def busy(self):
        return any(exchange.busy for exchange in self._exchanges.values())

    def step(self, time):
        step(self._exchanges, time)

    def pending(self):
        return [chip.completed for chip in self._chips.values()
                if chip.completed.waiting and chip.exchange.complete]


def _simulate(config, size, programs, options, gates, latency):
    """:class:`Prediction` of ``programs`` {(y, x): commands}; ``gates`` as of a mesh."""
    weights = (ForwardedWeights if options.forward_weights else BroadcastWeights)(
        gates.get("i_weights", Gate.always()))
    scheduler = Scheduler()
    weights.scheduler = scheduler
    kind = BesideModel if config.overlap else ChipModel
    chips = {(y, x): kind(config, neighbours(*size, y, x), scheduler,
                          weights.branch((y, x), config.weight_words),
                          lambda name, y=y, x=x: gates.get(f"{name}_{y}_{x}", Gate.always()))
             for y, x in programs}
    connect({at: chip.exchange for at, chip in chips.items()}, options.link, latency)
    for at, chip in chips.items():
        scheduler.start(chip.run(programs[at]))
    scheduler.run(_Links(chips))
    last = max(weights.last, *(chip.last_transfer for chip in chips.values()))
    return Prediction(
        last + 1, {at: chip.reports for at, chip in chips.items()},
        {at: {side: tuple(count) for side, count in chip.exchange.sent.items()}
         for at, chip in chips.items()})


def predict(config, words, gates=None):
    """Cycles and reports of a program of one chip.

    Parameters
    ----------
    config : :class:`flexdrive.hyperdrive.ChipConfig`.
    words : descriptor stream, 32-bit words.
    gates : {stream name: :class:`flexdrive_sim.engine.Gate` pattern}, as for the RTL.

    Returns
    -------
    :class:`Prediction`
    """
    gates = {name if name == "i_weights" else f"{name}_0_0": gate
             for name, gate in (gates or {}).items()}
    return _simulate(config, (1, 1), {(0, 0): iterate(words)}, MeshOptions(), gates, 0)


def predict_mesh(config, height, width, words, options=None, *, gates=None, latency=0):
    """Cycles and reports of a program of the whole mesh.

    Parameters
    ----------
    config : :class:`flexdrive.hyperdrive.ChipConfig` of a chip.
    words : 32-bit words of the program for the whole image, with border fields.
    options : :class:`flexdrive.hyperdrive.mesh_chip.MeshOptions`.
    gates : {stream name: pattern}, as for the RTL of the mesh.
    latency : cycles of a link's wires, in each direction.

    Returns
    -------
    :class:`Prediction`
    """
    return _simulate(config, (height, width), split_program(config, height, width, iterate(words)),
                     options or MeshOptions(), gates or {}, latency)
