"""Advice is proved by following it: every reason for which a node does not run on the chip occurs
here, and what its advice says is done and makes the node pass."""

import ast
import inspect
import sys
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest

from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.frontend.graph import Node, load_graph
from flexdrive_deploy.hyperdrive import (
    activations,
    attributes,
    instead,
    refusal,
)
from flexdrive_deploy.hyperdrive import (
    diagnostics as reasons,
)
from flexdrive_deploy.hyperdrive import (
    fusion as chain,
)
from flexdrive_deploy.hyperdrive import (
    partition as support,
)
from flexdrive_deploy.hyperdrive import (
    patterns as begin,
)
from flexdrive_deploy.hyperdrive.advice import follow
from flexdrive_deploy.hyperdrive.instead import INSTEAD_OF, no_such_operation
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_deploy.hyperdrive.refusal import Refusal
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .advice_cases import (
    CASES,
    CHANNELWISE,
    CONFIG,
    FOLLOWED,
    NEVER_LEFT,
    ONE_IMAGE,
    OPERATIONS,
    OPSETS,
    SHAPE,
    bipolar,
    conv,
    it,
    pool,
)
from .onnx_models import integer_builder

MODULES = (activations, attributes, begin, chain, instead, reasons, refusal, support)


def verdict(build, config, opset=12, one_image=False):
    """(Placement of the node called "it", model, which is for ``one_image`` or for any number)."""
    b, _ = integer_builder(SHAPE)
    made = build(b)
    model = b.model(*(made if isinstance(made, tuple) else [made]), opset=opset,
                    domains=["qonnx.custom_op.general"])
    if one_image:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    found = analyse(load_graph(model), config)
    return next(p for p in found.placements if p.name == "it"), model


@pytest.mark.parametrize("reason", CASES)
def test_advice(reason):
    advice, wrong, right = CASES[reason]
    opset = OPSETS.get(reason, 12)
    before, _ = verdict(*wrong, opset, reason in ONE_IMAGE)
    assert before.where == "host"
    assert reason in before.reason
    assert advice in before.rewrite
    after, model = verdict(*right, opset)
    assert after.where == "chip", after
    compile_model(model, right[1])


# Networks that binary16 does not compute exactly: real-valued factors, or sums beyond 2048. All
# others are of small integers, and every value is equal.
ROUNDED = {"real-valued weights", "averages fewer pixels", "kernel 9x9 needs a halo of 4", "Gemm",
           "MatMul"}


def followed(model, placement, config, *, rounded):
    """Follow the advice of a node: (Placements of what stands for it then, that are not gone), the
    network compiled, run and compared with onnxruntime. ``rounded``: to two units in the last place
    of the largest value; else they are equal."""
    changed, chip = follow(load_graph(model), placement, config)
    onnx.checker.check_model(changed)
    found = [p for p in analyse(load_graph(changed), chip).placements
             if not p.gone and (p.name == "it" or p.name.startswith("it/"))]
    session = Session(compile_model(changed, chip, layer_check=True))
    shape = [1, *(d.dim_value for d in changed.graph.input[0].type.tensor_type.shape.dim[1:])]
    image = np.random.default_rng(0).integers(-1, 2, shape).astype(np.float32)
    result = session.run(image)
    assert result.difference is None
    if any(node.op_type == "BipolarQuant" for node in changed.graph.node):
        return found        # which onnxruntime has not
    names = [value.name for value in changed.graph.output]
    wanted = onnxruntime.InferenceSession(changed.SerializeToString()).run(names, {"x": image})
    for name, value in zip(names, wanted, strict=True):
        with np.errstate(over="ignore"):
            made, value = (each.astype(np.float16) for each in (result.outputs[name], value))
        largest = np.abs(value[np.isfinite(value)]).max(initial=1)
        np.testing.assert_allclose(made, value, rtol=0,
                                   atol=2.0**-9 * largest if rounded else 0)
    return found


@pytest.mark.parametrize("reason", CASES)
def test_advice_followed_by_itself(reason):
    """The edits of the advice, applied to the refused network: accepted, and right."""
    _, (build, config), _ = CASES[reason]
    placement, model = verdict(build, config, OPSETS.get(reason, 12), reason in ONE_IMAGE)
    assert placement.advice
    for found in followed(model, placement, config, rounded=reason in ROUNDED):
        # Expand makes shapes equal, where the chip adds.
        assert found.where == "chip" or found.operation == "Expand", found


@pytest.mark.parametrize("operation", OPERATIONS)
def test_advice_for_operations_followed_by_itself(operation):
    placement, model = verdict(OPERATIONS[operation], CHANNELWISE, {
        "Mish": 18, "LayerNormalization": 17, "Gelu": 20}.get(operation, 14))
    assert placement.advice
    stays = placement.rewrite.startswith("nothing") and "; or " not in placement.rewrite
    for found in followed(model, placement, CHANNELWISE, rounded=operation in ROUNDED):
        assert found.where == ("host" if stays else "chip") or found.operation in (
            "Reshape", "Resize"), found


def test_every_operation_that_advice_knows_is_followed():
    assert set(INSTEAD_OF) - NEVER_LEFT == set(OPERATIONS) - {"Ceil"}


@pytest.mark.parametrize("operation", [*INSTEAD_OF, "Ceil"])
def test_advice_for_operations_that_the_chip_has_not(operation):
    """What may stay where it is compiles with the rest on the chip."""
    node = Node("it", operation, "", [], ["y"], {}, onnx.NodeProto())
    advice = no_such_operation(node, SimpleNamespace(shapes={})).rewrite
    for way in advice.split("; or "):
        after, model = verdict(FOLLOWED[way], CHANNELWISE)
        assert after.where == ("host" if way.startswith("nothing") else "chip"), after
        compile_model(model, CHANNELWISE)


def test_a_reshape_to_rows_is_what_flatten_is():
    flatten, rows, maps = (
        no_such_operation(Node("it", operation, "", [], ["y"], {}, onnx.NodeProto()),
                          SimpleNamespace(shapes={"y": shape})).rewrite
        for operation, shape in (("Flatten", (1, 16)), ("Reshape", (1, 16)),
                                 ("Reshape", (1, 4, 2, 2))))
    assert rows == flatten == "nothing, at the end of a network"
    assert maps == "convolutions that mix all channels"


def test_every_reason_occurs(monkeypatch):
    """Each place in the code that makes a Refusal is reached by the cases above, and by those
    whose reason is not shown."""
    reached = set()

    made = Refusal.__init__

    def noted(self, *arguments):
        frame = sys._getframe(1)
        reached.add((frame.f_code.co_filename, frame.f_lineno))
        made(self, *arguments)

    monkeypatch.setattr(Refusal, "__init__", noted)
    for reason, (_, wrong, _) in CASES.items():
        verdict(*wrong, OPSETS.get(reason, 12), reason in ONE_IMAGE)
    for hidden, opset in ((lambda b: it(b, "Relu", "x"), 12), (lambda b: bipolar(b, 2.0), 12),
                          (lambda b: conv(b, name="it"), 6), (lambda b: it(b, "Abs", "x"), 12),
                          (lambda b: pool(b, unheard=1), 12)):
        verdict(hidden, CONFIG, opset)
    missing = []
    for module in MODULES:
        path, source = inspect.getsourcefile(module), inspect.getsource(module)
        tree = ast.parse(source)
        inside = [node for function in ast.walk(tree) if isinstance(function, ast.FunctionDef)
                  for node in ast.walk(function)]
        missing += [(module.__name__, node.lineno) for node in inside
                    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal"
                    and not any((path, line) in reached for line in range(
                        node.lineno, (node.end_lineno or node.lineno) + 1))]
    assert not missing
