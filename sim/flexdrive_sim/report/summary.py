"""What a run of a network cost: cycles, utilisation, words moved, memory."""

from dataclasses import dataclass
from itertools import groupby
from math import prod

import numpy as np

from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive_deploy.hyperdrive.program import Entry

__all__ = ["LayerCost", "Summary"]


@dataclass(frozen=True)
class LayerCost:
    """One layer, or one transfer, of one image; several descriptors where a layer needs them.

    Attributes
    ----------
    entry : flexdrive_deploy.hyperdrive.program.Entry.
    shape : (channels, height, width) of the map that it makes, or moves.
    cycles, active, weight_stalls, tail_stalls : as the chip reports them.
    weight_words : words of the weight stream.
    additions : real accumulate steps (outputs x taps x input channels).
    units : accumulate units of the chip.
    """

    entry: Entry
    shape: tuple
    cycles: int
    active: int
    weight_stalls: int
    tail_stalls: int
    weight_words: int
    additions: int
    units: int

    @property
    def utilisation(self):
        """Share of cycles in which the units accumulate."""
        return self.active / self.cycles if self.cycles else 0.0

    @property
    def occupancy(self):
        """Share of units x cycles that works on real outputs."""
        return self.additions / (self.units * self.cycles) if self.cycles else 0.0


class Summary:
    """Collects the results of images.

    Parameters
    ----------
    deployment : flexdrive_deploy.compiled_model.Deployment.

    Attributes
    ----------
    images, compared : images and words compared so far.
    difference : first Difference, or None.
    cycles, modelled : cycles of one image on the chip, as run (None on the golden model) and as
        the cycle model says, with the STOREs that are there only to compare.
    probes : modelled cycles of those STOREs, contained in both.
    model_holds : whether every image took exactly the modelled cycles, report by report.
    layers : list of LayerCost of one image.
    overflow : (image, Overflow), the first map with values that are infinite or no numbers, or
        None; overflowing : images with such maps.
    """

    def __init__(self, deployment):
        self.deployment = deployment
        self.images = self.compared = 0
        self.difference = None
        self.cycles = None
        self.modelled = self.probes = 0
        self.model_holds = True
        self.layers = []
        self.overflow, self.overflowing = None, 0
        self._border_bits = 0

    def add(self, result):
        """Count an ImageResult."""
        if result.overflows:
            self.overflowing += 1
            self.overflow = self.overflow or (self.images, result.overflows[0])
        self.images += 1
        self.compared += sum(chip.compared for chip in result.chips)
        self.difference = self.difference or result.difference
        self.model_holds &= all(chip.model_holds for chip in result.chips)
        if self.images > 1:
            return
        programs = self.deployment.programs
        for program, chip in zip(programs, result.chips, strict=True):
            self.layers += _layers(program, chip.reports or chip.predicted.reports)
            self.modelled += chip.predicted.cycles
            self._border_bits += chip.predicted.border_bits
            if chip.cycles is not None:
                self.cycles = (self.cycles or 0) + chip.cycles
        self.probes = sum(layer.cycles for layer in self.layers if layer.entry.probe)

    @property
    def convolutions(self):
        """LayerCost of the CONVs."""
        return [layer for layer in self.layers if layer.entry.operation == Operation.CONV]

    @property
    def net_cycles(self):
        """Cycles of one image without the STOREs that are there only to compare."""
        return (self.modelled if self.cycles is None else self.cycles) - self.probes

    @property
    def layer_cycles(self):
        """Cycles of one image in convolutions; the rest moves maps to and from the host."""
        return sum(layer.cycles for layer in self.convolutions)

    @property
    def utilisation(self):
        """Accumulate-active share of the cycles in convolutions."""
        active = sum(layer.active for layer in self.convolutions)
        return active / self.layer_cycles if self.layer_cycles else 0.0

    @property
    def weight_bits(self):
        """Bits of the weight stream for one image."""
        return sum(program.config.weight_bits * len(program.weights)
                   for program in self.deployment.programs)

    @property
    def program_bits(self):
        """Bits of descriptors, scales and biases for one image."""
        return sum(32 * len(program.words) for program in self.deployment.programs)

    @property
    def input_bits(self):
        """Feature-map bits sent to the chip for one image."""
        return sum(16 * program.input_words for program in self.deployment.programs)

    @property
    def output_bits(self):
        """Feature-map bits sent by the chip for one image, without those only to compare."""
        return sum(16 * prod(program.stored_shape(entry)) for program in self.deployment.programs
                   for entry, _ in program.stores if not entry.probe)

    @property
    def border_bits(self):
        """Bits on the links between the chips for one image, kinds of the words included."""
        return self._border_bits

    @property
    def feature_words(self):
        """(words of a tile in use at most, words of a tile)."""
        return (max(program.peak_words for program in self.deployment.programs),
                self.deployment.config.fm_words)


def _layers(program, reports):
    rows = zip(program.entries, program.descriptors, reports, strict=True)
    for entry, pieces in groupby(rows, key=lambda row: row[0]):
        counts = np.sum([(report.cycles, report.active, report.weight_stalls, report.tail_stalls,
                          program.weight_words(entry, descriptor),
                          program.additions(entry, descriptor))
                         for _, descriptor, report in pieces], axis=0)
        yield LayerCost(entry, program.maps[entry.writes or entry.reads].shape,
                        *(int(count) for count in counts), program.array.units)
