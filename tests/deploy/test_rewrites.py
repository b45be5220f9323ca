"""Every pass by its proof obligation: what it makes is the same function, bit for bit, with the
shapes that it says; and what it must not touch it leaves."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_deploy.frontend.graph import load_graph, sub_model
from flexdrive_deploy.hyperdrive.rewrites.manager import PASSES, rewritten

from .onnx_models import Builder
from .rewrite_cases import CASES
from .test_import import CONFIG

CHIP = replace(CONFIG, channelwise=True, leaky=True)
SIZES = [(4, 4), (5, 7), (1, 3)]
# A pass of two forms.
SAME = {"channel shuffle": "moves joined"}


def networks(case, builds, sizes=SIZES):
    """(model, image of small integers) of each network in each size."""
    for build in builds:
        for seed, size in enumerate(sizes if case.shape is None else [case.shape[1:]] * 2):
            rng = np.random.default_rng(seed)
            b = Builder((6, *size), rng, factors=(1.0, -1.0))
            made = build(b)
            model = b.model(*(made if isinstance(made, tuple) else [made]), opset=case.opset,
                            domains={node.domain for node in b.nodes} - {""})
            for value in model.graph.input:
                value.type.tensor_type.shape.dim[0].dim_value = 1
            yield model, rng.integers(-3, 4, (1, *b.shape)).astype(np.float32)


def apply(name, model):
    """(graph before, graph behind one pass)."""
    graph = load_graph(model)
    return graph, rewritten(graph, CHIP, [SAME.get(name, name)])


def changed(before, after):
    return [node.name for node in before.nodes] != [node.name for node in after.nodes]


def results(graph, image):
    """What onnxruntime makes of a graph; the shapes that it says are held against ONNX's own
    inference."""
    model = sub_model(graph, graph.nodes, graph.inputs, graph.outputs)
    onnx.checker.check_model(model)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    for value in inferred.graph.value_info:
        shape = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
        assert graph.shapes.get(value.name, shape) == shape, value.name
    return Evaluator(model).run({"x": image})


@pytest.mark.parametrize("name", CASES)
def test_a_pass_makes_the_same_function(name):
    case = CASES[name]
    for model, image in networks(case, case.rewritten):
        before, after = apply(name, model)
        assert changed(before, after), f"nothing done to {[n.operation for n in before.nodes]}"
        images = [image]
        if case.moves:
            images.append(np.random.default_rng(0).standard_normal(image.shape, np.float32))
        for one in images:
            wanted, got = results(before, one), results(after, one)
            for output in before.outputs:
                assert got[output].dtype == wanted[output].dtype
                np.testing.assert_array_equal(got[output], wanted[output], err_msg=name)


@pytest.mark.parametrize("name", CASES)
def test_what_a_pass_leaves(name):
    case = CASES[name]
    for model, _ in networks(case, case.left, SIZES[:2]):      # of one row, more is equal
        before, after = apply(name, model)
        assert not changed(before, after), f"{name} changes {[n.operation for n in before.nodes]}"


def test_every_pass_has_its_proof():
    assert {SAME.get(name, name) for name in CASES} == set(PASSES)


def test_a_graph_stays_as_it_was():
    (model, _), *_ = networks(CASES["negation"], CASES["negation"].rewritten)
    graph = load_graph(model)
    nodes, inputs = list(graph.nodes), [list(node.inputs) for node in graph.nodes]
    assert rewritten(graph, CHIP).nodes != nodes
    assert graph.nodes == nodes
    assert [node.inputs for node in graph.nodes] == inputs
