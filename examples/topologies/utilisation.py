"""What tiles cost: cycles of the sums of a network on several arrays, when every layer is rounded
to whole tiles by itself, when all tiles follow the strides (what the chip asks for, and the
compiler does), and when the network is cut into programs whose tiles are chosen by themselves.

    python examples/topologies/utilisation.py yolov3
"""

from dataclasses import dataclass, replace
from math import ceil, prod
from types import SimpleNamespace

import click
from chips import PLACES

from flexdrive_deploy.compiler import chip_graphs
from flexdrive_deploy.errors import FitError
from flexdrive_deploy.hyperdrive.tiling import tile_edges

ARRAYS = ((7, 7, 16), (5, 5, 32), (10, 10, 8), (14, 14, 16), (10, 10, 16))
# A cut whose maps take more of the whole network's cycles than this, there and back, is not tried.
DEAREST = 0.06


@dataclass(frozen=True)
class Cut:
    """cycles: of the sums and of the maps that go out and in again; words: of those maps, one way;
    layers: names of the first layers of the programs behind the first."""

    cycles: int
    words: int
    layers: list


class Study:
    """A network's layers on one array; channelwise layers, which have hardly a sum, left out."""

    def __init__(self, graph, config):
        self.graph, self.config = graph, config
        self._made = {layer.target: index for index, layer in enumerate(graph.layers)}
        self._last = {part: index for index, layer in enumerate(graph.layers)
                      for name in layer.reads for part in graph.parts(name)}

    def _sums(self, layer, tile):
        if layer.channelwise:
            return 0
        blocks = layer.groups * ceil(layer.c_out / layer.groups / self.config.channels)
        return blocks * prod(tile) * layer.weights.shape[1] * prod(layer.kernel)

    @property
    def ideal(self):
        """Cycles when every unit always works on a real output."""
        return sum(prod(self.graph.shapes[layer.target]) * prod(layer.weights.shape[1:])
                   for layer in self.graph.layers if not layer.channelwise) / self.config.units

    @property
    def own(self):
        """Cycles when every layer has the smallest tiles by itself."""
        edges = self.config.rows, self.config.columns
        return sum(self._sums(layer, [ceil(size / count) for size, count in zip(
            self.graph.shapes[layer.target][1:], edges, strict=True)])
            for layer in self.graph.layers)

    def common(self, first, stop):
        """Cycles of the layers from ``first`` to before ``stop`` with tiles that follow their
        strides; None when none do."""
        graph, layers = self.graph, self.graph.layers[first:stop]
        names = {part for layer in layers for name in (layer.target, *layer.reads)
                 for part in graph.parts(name)}
        names |= {graph.place(name)[0] for name in names}
        try:
            tiles = tile_edges(SimpleNamespace(
                layers=layers, shapes={name: graph.shapes[name] for name in names},
                slices={name: place for name, place in graph.slices.items() if name in names}),
                self.config)
        except FitError:
            return None
        return sum(self._sums(layer, tiles[layer.target]) for layer in layers)

    def crossing(self, index):
        """Words of the maps that are made before a layer and read by it or behind it."""
        return sum(prod(self.graph.shapes[name]) for name, made in self._made.items()
                   if made < index <= self._last.get(name, -1))

    def cut(self, most):
        """The :class:`Cut` with the fewest cycles; a word out or in takes one, and no cut ``most``
        of them."""
        end = len(self.graph.layers)
        words = {index: self.crossing(index) for index in range(1, end)}
        places = [0, *(index for index in words if 2 * words[index] < most), end]
        best = {0: Cut(0, 0, [])}
        for stop in places[1:]:
            crossing, found = words.get(stop, 0), []
            name = [self.graph.layers[stop].name] if stop < end else []
            for first in [place for place in places if place < stop]:
                cycles = self.common(first, stop)
                if cycles is not None and first in best:
                    before = best[first]
                    found.append(Cut(before.cycles + cycles + 2 * crossing,
                                     before.words + crossing, before.layers + name))
            if found:
                best[stop] = min(found, key=lambda cut: cut.cycles)
        return best[end]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=click.Choice(list(PLACES)))
@click.option("--size", type=click.IntRange(min=32), help="Edge of an image.")
def main(name, size):
    """Print a line for every array: units, and, in million cycles and percent of the units, each
    layer by itself, common tiles, cut into programs with the transfers; the words that these move
    one way, and where they begin."""
    place = replace(PLACES[name], size=size or PLACES[name].size)
    (graph,) = chip_graphs(place.support(), place.config, place.mesh)
    for rows, columns, channels in ARRAYS:
        study = Study(graph, replace(place.config, rows=rows, columns=columns, channels=channels))
        common = study.common(0, None)
        if common is None:
            raise click.ClickException(f"{name}: no tiles follow its strides")
        cut = study.cut(DEAREST * common)
        shares = [f"{cycles / 1e6:.2f} M, {study.ideal / cycles:.1%}" for cycles in (
            study.own, common, cut.cycles)]
        print(f"| {rows} x {columns} x {channels} | {study.config.units} | {' | '.join(shares)} | "
              f"{cut.words:,} | {', '.join(cut.layers) or '-'} |", flush=True)


if __name__ == "__main__":
    main()
