"""Transfers of weights in the compiler's C: there when they are used, over nothing that is in use;
two on their way where layers have few pixels."""

import re

import numpy as np
import pytest

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.network.loading import load_network

from .data import DATA, needs_data
from .quantised_models import QuantisedBuilder

_FETCH = re.compile(r"net_fetch\(l1 \+ (\d+), (\d+), layer_(\d+)\w*_weights \+ (\d+),")
_WAIT = re.compile(r"net_fetched\((\d+)\);")
_USE = re.compile(r"net_(?:convolve|depthwise\w*|grouped)\(&.*?, "
                  r"l1 \+ (\d+),\s+(\d+),\s+(\d+)", re.S)


def _order(text):
    """Functions of network.c as they are called, without what keeps traces."""
    text = re.sub(r"#ifdef NETWORK_TRACE.*?#endif", "", text, flags=re.S)
    bodies = dict(re.findall(r"^static void (\w+)\(void\)\n\{\n(.*?)^\}", text, re.S | re.M))
    run = text[text.index("void network_run(void)"):]
    parts = re.split(r"^\t(\w+)\(\);$", run, flags=re.M)
    return "\n".join(bodies.get(part, part) for part in parts)


def _events(text):
    found = [(match.start(), kind, [int(each) for each in match.groups()])
             for kind, pattern in (("fetch", _FETCH), ("wait", _WAIT), ("use", _USE))
             for match in pattern.finditer(text)]
    return [event[1:] for event in sorted(found)]


def _most_on_their_way(compiled):
    """Walks through the C; the most transfers of weights that are on their way where layers begin
    with one that is there."""
    begins = iter([chunk for step in compiled.steps.steps
                   for chunk in compiled.plan.chunks.get(step, (0, ()))[1]])
    coming, there, most = [], {}, 0
    for kind, numbers in _events(_order(compiled.files["network.c"])):
        if kind == "fetch":
            at, size, _, begin = numbers
            for old, (old_size, _) in list(there.items()):
                if old < at + size and at < old + old_size:
                    del there[old]
            assert all(at + size <= old or old + old_size <= at for old, old_size, _ in coming)
            coming.append((at, size, begin))
        elif kind == "wait":
            # The input may be on its way, too: it came first.
            arrived = coming[:max(0, len(coming) - numbers[0])]
            coming = coming[len(arrived):]
            there |= {at: (size, begin) for at, size, begin in arrived}
        else:
            chunk, (at, first, count) = next(begins), numbers
            assert there[at] == (4 * chunk.words, chunk.begin)
            assert (first, count) == (chunk.first, chunk.count)
            most = max(most, len(coming))
    assert next(begins, None) is None
    return most


@needs_data
@pytest.mark.parametrize(("name", "most"), [
    ("ad_autoencoder", 2), ("mobilenet_vww", 1), ("resnet8", 1), ("dscnn_kws", 1)])
def test_weights_are_there_when_they_are_used(name, most):
    compiled = compile_network(load_network(DATA / f"mlperf_tiny/{name}.onnx"))
    assert _most_on_their_way(compiled) == most
    assert bool(compiled.plan.deep) == (most == 2)


def _linears(sizes):
    builder = QuantisedBuilder((sizes[0], 1, 1))
    x = builder.quantised("x", 0.5, 4)
    for size in sizes[1:]:
        x = builder.layer(x, size, (1, 1))
        builder.shapes[x] = (size, 1, 1)
        x = builder.quantised(x, 2.0, 0)
    return load_network(builder.model(x))


@pytest.mark.parametrize("seed", range(4))
def test_layers_of_one_pixel_in_any_l1(seed):
    rng = np.random.default_rng(seed)
    network = _linears([int(n) for n in rng.integers(4, 400, 6)])
    for l1_bytes in (20 << 10, 48 << 10, 103 << 10):
        assert _most_on_their_way(compile_network(network, l1_bytes=l1_bytes)) in (1, 2)
