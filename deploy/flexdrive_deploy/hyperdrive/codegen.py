"""Chip graph -> program: tiles, memory, descriptors, weight stream."""

from dataclasses import dataclass, replace

import numpy as np

from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive.descriptor.encoding import Command, Descriptor, tap_fields
from flexdrive.hyperdrive.descriptor.fields import Operation

from ..errors import FitError
from .ir import ZERO, Average, ConvLayer
from .memory_planner import plan
from .mesh_borders import border_fields, whole_config
from .program import Entry, MapPlace, Program
from .splitting import overwritten, pieces
from .tiling import choose_interleave, tile_edges

__all__ = ["lower", "weight_stream"]


@dataclass(frozen=True)
class _Step:
    """One descriptor to be."""

    operation: Operation
    name: str
    reads: list
    writes: str | None = None
    replaces: str | None = None
    layer: ConvLayer | None = None
    probe: bool = False
    average: str | None = None


def weight_stream(weights, channels, interleave, *, ternary=False):
    """Weights in the chip's order.

    Parameters
    ----------
    weights : uint8 (c_out, c_in, p, q), codes as of :class:`~.ir.ConvLayer`.
    channels : lanes of the chip; lanes beyond c_out get 0.
    interleave : output-channel blocks in a group.
    ternary : words of a ternary chip, two bits a lane.

    Returns
    -------
    uint32 (blocks * p*q * c_in, chunks of 32 bits), lowest bits first.
    """
    c_out, c_in, rows, columns = weights.shape
    blocks = -(-c_out // channels)
    padded = np.zeros((blocks * channels, c_in, rows, columns), np.uint8)
    padded[:c_out] = weights
    lanes = padded.reshape(blocks, channels, c_in, rows * columns).transpose(3, 2, 0, 1)
    groups = [lanes[:, :, first:first + interleave].reshape(-1, channels)
              for first in range(0, blocks, interleave)]
    words = np.concatenate(groups)
    bits = np.hstack([words == 1, words == ZERO]) if ternary else words
    chunks = np.zeros((len(words), -(-bits.shape[1] // 32) * 32), np.uint8)
    chunks[:, :bits.shape[1]] = bits
    return np.packbits(chunks, axis=1, bitorder="little").view("<u4").astype(np.uint32)


def _steps(graph, layer_check, overwritable):
    """Descriptors to be, in order: maps are loaded when first needed, stored when made."""
    last = {}       # layer that reads a map, or a map inside it, for the last time
    for index, layer in enumerate(graph.layers):
        for name in layer.reads:
            last[graph.place(name)[0]] = index
    for name in graph.stored_last:
        last[graph.place(name)[0]] = len(graph.layers)
    loaded = set()
    for index, layer in enumerate(graph.layers):
        for name in [part for read in layer.reads for part in graph.parts(read)]:
            if name in graph.inputs and name not in loaded:
                loaded.add(name)
                yield _Step(Operation.LOAD, name, [], name)
        dying = [name for name in overwritable(layer) if last.get(name) == index]
        yield _Step(Operation.CONV, layer.name, layer.reads, layer.target,
                    dying[0] if dying else None, layer)
        if layer.target in graph.outputs or layer_check:
            yield _Step(Operation.STORE, layer.name, [layer.target],
                        probe=layer.target not in graph.outputs)
        for average in graph.averages:
            if average.source == layer.target:
                yield _Step(Operation.STORE, average.name, [layer.target], average=average.target)
    for name in graph.stored_last:
        for part in graph.parts(name):
            if part in graph.inputs and part not in loaded:
                loaded.add(part)
                yield _Step(Operation.LOAD, part, [], part)
        if name in graph.outputs:
            yield _Step(Operation.STORE, name, [name])
        for average in graph.averages:
            if average.source == name:
                yield _Step(Operation.STORE, average.name, [name], average=average.target)


def _extent(place, config):
    """Size of a map in whole tiles and the rest."""
    _, height, width = place.shape
    full_rows, last_rows = divmod(height, place.tile[0])
    full_columns, last_columns = divmod(width, place.tile[1])
    return {"full_rows": full_rows, "last_rows": last_rows, "full_columns": full_columns,
            "last_columns": last_columns}


def _transfer(step, maps, config, borders):
    """Descriptor of a LOAD or STORE."""
    place = maps[step.writes or step.reads[0]]
    pooled = {} if step.average is None else {"average": 1, "slope": Average.factor(place.shape)}
    return Descriptor(
        operation=step.operation, **pooled, in_base=place.base, in_channels=place.shape[0],
        in_pitch=place.pitch, tile_rows=place.tile[0], tile_columns=place.tile[1],
        **_extent(place, config), **_shifted(borders, 0, place.first))


def _shifted(borders, first_in, first_out, final=True):
    """Border fields of a CONV that reads and makes channels from these on; what is not ``final`` is
    not exchanged."""
    def shifted(name, value):
        if name == "halo":
            return value if final else 0
        return value + (first_in if name.startswith("in_") else first_out)

    return {name: shifted(name, value) for name, value in borders.items()
            if final or name.startswith("in_")}


def _convolution(layer, piece, maps, config, borders):
    """Descriptor of a piece of a layer."""
    source, target = maps[layer.source], maps[layer.target]
    bypass = target if piece.continues else maps.get(layer.bypass)
    return Descriptor(
        operation=Operation.CONV, payload=piece.c_out,
        **tap_fields(*layer.placed, stride=layer.stride, channelwise=layer.channelwise,
                     extended=bool(piece.bounds)),
        **dict(zip(("low", "high"), piece.bounds, strict=False)), late=int(piece.late),
        activation=piece.activation, slope=layer.slope if piece.final else 0,
        interleave=choose_interleave(piece, target.tile, config),
        bypass=int(bypass is not None), channelwise=int(layer.channelwise),
        maximum=int(layer.maximum), upsample=int(layer.upsample),
        in_base=source.base + piece.first_in,
        in_channels=piece.c_in, in_pitch=source.pitch, out_base=target.base + piece.first_out,
        out_channels=piece.c_out, out_pitch=target.pitch, out_step=piece.step,
        bypass_base=bypass.base + piece.first_out if bypass is not None else 0,
        tile_rows=target.tile[0], tile_columns=target.tile[1], **_extent(source, config),
        **_shifted(borders, source.first + piece.first_in, target.first + piece.first_out,
                   piece.final))


def _places(graph, allocation, tiles):
    """Name of every map -> MapPlace. Parts of a map take no memory of their own."""
    maps = {}
    for name, shape in graph.shapes.items():
        parent, first = graph.place(name)
        if parent in allocation.bases:
            maps[name] = MapPlace(shape, allocation.bases[parent] + first, tiles[name],
                                  graph.shapes[parent][0], first)
    return maps


def _emit(step, maps, array, borders):
    """(Descriptor, payload, list of weight streams) of each command of a step."""
    layer = step.layer
    if layer is None:
        yield _transfer(step, maps, array, borders), (), []
        return
    for piece in pieces(layer):
        descriptor = _convolution(layer, piece, maps, array, borders)
        payload = piece.beta.astype(np.uint32) << 16 | piece.alpha
        interleave = 1 if layer.channelwise else descriptor.interleave
        yield descriptor, payload, [] if layer.maximum else [
            weight_stream(piece.weights, array.channels, interleave, ternary=array.ternary)]


def _check_kinds(graph, config):
    """FitError when the chip lacks an option that a layer needs."""
    for layer in graph.layers:
        if layer.activation not in config.activations:
            raise FitError(f"Layer {layer.name}: the chip has no leaky ReLU; one with leaky = true "
                           "would do it")
        if (layer.weights == ZERO).any() and not config.ternary:
            raise FitError(f"Layer {layer.name} has weights of zero; a chip with ternary = true "
                           "would do it")
        if layer.channelwise and not config.channelwise:
            raise FitError(f"Layer {layer.name} is channelwise; a chip with channelwise = true "
                           "would do it")
        if layer.halo > config.halo:
            raise FitError(f"Layer {layer.name}: kernel {layer.kernel[0]}x{layer.kernel[1]} "
                           f"reaches {layer.halo} pixels, the chip's halo is {config.halo}; a "
                           f"chip with halo = {layer.halo} would do it")
    if graph.averages and not config.channelwise:
        raise FitError(f"Average {graph.averages[0].name}: the chip has no pooling; one with "
                       "channelwise = true would do it")


def _planned(graph, config, layer_check, mesh):
    """(config of the whole array, steps, tiles, Allocation, border fields) of a graph; FitError as
    of :func:`lower`, of one obstacle."""
    array = whole_config(config, *mesh) if mesh else config
    tiles = tile_edges(graph, array, mesh=bool(mesh))

    def overwritable(layer):
        return overwritten(graph, layer, tiles, array)

    def steps_of(graph):
        return list(_steps(graph, layer_check, overwritable))

    for layer in graph.layers:
        for piece in pieces(layer):
            choose_interleave(piece, tiles[layer.target], array)
    sizes = {name: graph.shapes[name][0] * rows * columns
             for name, (rows, columns) in tiles.items() if name not in graph.slices}
    steps, allocation = plan(graph, sizes, overwritable, config.fm_words, steps_of,
                             frames=config.overlap)
    borders = border_fields(graph, steps, tiles, config) if mesh else [{}] * len(steps)
    return array, steps, tiles, allocation, borders


def _with_advice(error, graph, config, layer_check, mesh):
    """``error`` and what would hold the network: every obstacle in turn is lifted, until a plan is
    found or no chip has such a memory."""
    change, obstacle = {}, error
    while obstacle is not None:
        if not obstacle.change:         # no memory helps
            return obstacle
        change |= obstacle.change
        if "fm_words" in change:
            change["fm_words"] = -(-change["fm_words"] // config.fm_banks) * config.fm_banks
        try:
            _planned(graph, replace(config, **change), layer_check, mesh)
            obstacle = None
        except FitError as another:
            obstacle = another
        except ConfigurationError as limit:
            # More tiles need not help: maps of later layers that do not fill them keep tiles large.
            return FitError(f"{error}; no chip holds the network with these tiles ({limit}), so "
                            "take more tiles or a smaller image", **change)
    ways = " and ".join(f"{name} of at least {value}" for name, value in change.items())
    return FitError(f"{error}; {ways} would hold the network", **change)


def lower(graph, config, *, layer_check=False, mesh=None):
    """Make the program of a graph.

    Parameters
    ----------
    graph : ChipGraph.
    config : ChipConfig.
    layer_check : store every layer's output as well, for comparison.
    mesh : (height, width) of a mesh of such chips, or None for a single one.

    Returns
    -------
    Program

    Raises
    ------
    FitError
        when a memory of the chip is too small: which, in which layer, by how much, and which
        memories would hold the network; or when the chip lacks an option that a layer needs.
    """
    _check_kinds(graph, config)
    try:
        array, steps, tiles, allocation, borders = _planned(graph, config, layer_check, mesh)
    except FitError as error:
        raise _with_advice(error, graph, config, layer_check, mesh) from None
    maps = _places(graph, allocation, tiles)
    commands, weights, entries = [], [], []
    for step, border in zip(steps, borders, strict=True):
        made = list(_emit(step, maps, array, border))
        for descriptor, payload, stream in made:
            commands.append(Command(descriptor, payload))
            weights += stream
        layer = step.layer
        entry = Entry(step.name, step.operation, step.reads[0] if step.reads else None,
                      step.writes, layer.bypass if layer is not None else None, step.probe,
                      step.average)
        entries += [entry] * len(made)
    none = np.empty((0, config.weight_chunks), np.uint32)
    return Program(config, commands, np.concatenate([none, *weights]), entries, maps,
                   allocation.peak, mesh)
