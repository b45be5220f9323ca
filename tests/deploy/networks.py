"""Random networks for the tests, and what they compute layer by layer."""

import numpy as np

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.fields import Activation
from flexdrive_deploy.errors import FitError
from flexdrive_deploy.hyperdrive.ir import Average, ChipGraph, Concat, ConvLayer
from flexdrive_deploy.hyperdrive.tiling import tile_edges
from flexdrive_sim.hyperdrive.drive.inference_session import evaluate

__all__ = ["evaluate", "half", "random_graph", "random_layer"]


def half(rng, *shape):
    """Random ordinary binary16 patterns."""
    return rng.standard_normal(shape).astype(np.float16).view(np.uint16)


def _bent(weights, bypass, parts):
    """Bounds and order of the addition of some layers; numbers of their own, so that those of all
    else stay what they are."""
    rng = np.random.default_rng([*weights.shape, int(weights.sum())])
    fields = {"late": bypass is not None and len(parts) < 2 and bool(rng.integers(2))}
    if rng.integers(3) == 0:
        fields["bounds"] = tuple(int(bits) for bits in np.sort(rng.standard_normal(2)).astype(
            np.float16).view(np.uint16))
    return fields


def random_layer(rng, name, source, c_in, c_out, *, kernel=3, stride=1, bypass=None, groups=1,
                 codes=2, **options):
    inputs = 1 if options.get("channelwise") else c_in // groups
    weights = rng.integers(0, codes, (c_out, inputs, *np.broadcast_to(kernel, 2))).astype(np.uint8)
    return ConvLayer(
        name=name, source=source, target=f"{name}.out", stride=stride, bypass=bypass, groups=groups,
        weights=weights, **options, **_bent(weights, bypass, options.get("parts", ())),
        alpha=half(rng, c_out), beta=half(rng, c_out), activation=Activation(rng.integers(0, 3)))


def _divisor(rng, *numbers):
    """A number that divides all of them; 1 half of the time."""
    common = np.gcd.reduce(numbers)
    return int(rng.choice([n for n in range(1, common + 1) if common % n == 0])) \
        if rng.integers(2) else 1


def _structure(rng, c_in, c_out, bypass, channelwise):
    """Groups, shuffle and parts of a layer."""
    if channelwise:
        return {"channelwise": True, "maximum": bool(rng.integers(2)),
                "shuffle": 1 if bypass else _divisor(rng, c_out)}
    groups = _divisor(rng, c_in, c_out)
    inputs = c_in // groups
    cut = int(rng.integers(1, inputs)) if inputs > 1 and rng.integers(4) == 0 else 0
    return {"groups": groups, "shuffle": 1 if bypass else _divisor(rng, c_out),
            "parts": (cut, inputs - cut) if cut else ()}


def _concat(rng, shapes, free, number):
    """Join some maps of equal size that are still ``free``, or None."""
    sizes = {shapes[name][1:] for name in free}
    size = sorted(sizes)[rng.integers(len(sizes))] if sizes else ()
    parts = [name for name in free if shapes[name][1:] == size]
    if len(parts) < 2 or rng.integers(2):
        return None
    parts = [str(name) for name in rng.permutation(parts)[:rng.integers(2, 4)]]
    shapes[f"joined{number}"] = (sum(shapes[name][0] for name in parts), *size)
    return Concat(f"concat{number}", tuple(parts), f"joined{number}")


def _taps(rng, reach, stride, full):
    """Taps that reach as far beyond a tile and a part of a map of ``full`` pixels, for a layer."""
    def axis():
        first = -int(rng.integers(0, reach + 1))
        last = int(rng.integers(first, reach + int(stride)))
        most = min(2 * reach, max(1, last - first))
        return tuple(range(first, last + 1, int(rng.integers(1, most + 1))))

    return {"taps": (axis(), axis()),
            "size": tuple(max(1, edge - int(rng.integers(0, 3))) for edge in full)}


def random_graph(rng, shape, count, **options):
    """:func:`_random_graph` whose maps can be aligned: without padding they become smaller on one
    way and keep their size on another."""
    while True:
        graph = _random_graph(rng, shape, count, **options)
        try:
            tile_edges(graph, ChipConfig())
        except FitError:
            assert options.get("reach")
            continue
        return graph


def _random_graph(rng, shape, count, channels=(1, 9), kernels=(1, 3), channelwise=False,
                  ternary=False, reach=0):
    """``count`` layers on an input of ``shape``, each reading any earlier map, with bypass where
    an earlier map of the right shape exists, groups, shuffles, partial sums and joined maps;
    ``channelwise``: depthwise layers and maxima among them; ``ternary``: weights of zero;
    ``reach``: most layers have taps of their own, so far from the centre."""
    shapes, layers, concats = {"x": shape}, [], []
    free = ["x"]        # maps that may become part of another: without a bypass to or from them
    for number in range(count):
        joined = _concat(rng, shapes, free, number)
        if joined:
            concats.append(joined)
            free = [name for name in free if name not in joined.sources] + [joined.target]
        source = rng.choice(list(shapes)[-3:])
        c_in, height, width = shapes[source]
        stride, kernel = rng.choice([1, 1, 2]), int(rng.choice(kernels))
        size = (-(-height // stride), -(-width // stride))
        placed = _taps(rng, reach, stride, size) if reach and rng.integers(4) else {}
        size = placed.get("size", size)
        inside = {name for concat in concats for name in concat.sources}
        possible = [name for name, other in shapes.items()
                    if other[1:] == size and name not in inside]
        bypass = rng.choice(possible) if possible and rng.integers(0, 2) else None
        c_out = shapes[bypass][0] if bypass is not None else int(rng.integers(*channels))
        alone = channelwise and rng.integers(2) and (bypass is None or c_out == c_in)
        if alone:
            c_out, kernel = c_in, int(rng.choice([*kernels, 2]))
        up = alone and bypass is None and 2 * max(height, width) <= 13 and rng.integers(2)
        if up:
            kernel, stride, size, placed = 1, 1, (2 * height, 2 * width), {}
        if placed:
            kernel = tuple(map(len, placed["taps"]))
        layer = random_layer(rng, f"conv{number}", str(source), c_in, c_out, kernel=kernel,
                             stride=int(stride), bypass=None if bypass is None else str(bypass),
                             upsample=bool(up), codes=2 + ternary, **placed,
                             **_structure(rng, c_in, c_out, bypass is not None, alone))
        layers.append(layer)
        shapes[layer.target] = (c_out, *size)
        free = [name for name in free if name != bypass]
        if bypass is None:
            free.append(layer.target)
    used = {name for layer in layers for name in layer.reads}
    used.update(name for concat in concats for name in concat.sources)
    outputs = [name for name in shapes if name not in used and name != "x"]
    averages = [Average(f"average{index}", layer.target, f"mean{index}")
                for index, layer in enumerate(layers) if channelwise and rng.integers(4) == 0]
    return ChipGraph({"x": shape}, layers, outputs + [average.target for average in averages],
                     concats, averages)
