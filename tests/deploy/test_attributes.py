"""Every attribute of every operator that the chip takes, at every value: what runs computes what
onnxruntime does with the very file, on the chip or beside it.

The values of each attribute stand in ``OPERATORS``; cases are each of them alone, with all flags,
and random combinations, on maps of odd and even edges. Data are integers for which every step is
exact in binary16 (averages of k*k of multiples of k*k), so results are compared without tolerance.
What onnxruntime or the checker of ONNX refuses is no case.
"""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.attributes import KNOWN
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .onnx_models import Builder
from .test_import import CONFIG

FULL = replace(CONFIG, leaky=True, channelwise=True, ternary=True, halo=3)
SIZES = [(5, 7), (6, 4), (3, 3), (9, 1), (1, 1), (7, 6)]
CHANNELS = 4
WINDOW = {
    "auto_pad": [b"NOTSET", b"VALID", b"SAME_UPPER", b"SAME_LOWER"], "dilations": [[2, 2], [1, 2]],
    "kernel_shape": [[1, 1], [2, 2], [3, 3], [5, 5], [2, 3]],
    "pads": [[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [2, 2, 2, 2], [1, 0, 1, 0]],
    "strides": [[1, 1], [2, 2], [1, 2], [3, 3]]}
POOL = WINDOW | {"ceil_mode": [1]}
PLACES = ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners", "half_pixel_symmetric",
          "tf_half_pixel_for_nn", "tf_crop_and_resize"]
FACTORS = [2.0, 2.3, 2.01, 1.99, 1.0, 0.5, 3.0, 2.0000002]
# Operator -> (opsets, attribute or input -> values).
OPERATORS = {
    "Conv": ((11, 22), WINDOW | {"group": [2, CHANNELS]}),
    "MaxPool": ((8, 12, 22), POOL | {"storage_order": [1]}),
    "AveragePool": ((10, 13, 19, 22), POOL | {"count_include_pad": [1]}),
    "Resize": ((10, 11, 13, 18, 19), {
        "mode": ["nearest", "linear", "cubic"], "coordinate_transformation_mode": PLACES,
        "nearest_mode": ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"],
        "scales": FACTORS, "sizes": [2.0, 2.3, 1.0], "channel scale": [1.1, 2.0],
        "axes": [[2, 3], [3, 2], [0, 1, 2, 3]], "antialias": [1], "exclude_outside": [1],
        "cubic_coeff_a": [-0.5], "extrapolation_value": [7.0],
        "keep_aspect_ratio_policy": ["not_larger", "not_smaller"]}),
    "Upsample": ((7, 9), {"mode": ["nearest", "linear"], "scales": FACTORS,
                          "channel scale": [1.1, 2.0]}),
    "BatchNormalization": ((7, 8, 9, 14, 15), {
        "epsilon": [0.25, 3.0], "momentum": [0.5], "spatial": [0, 1], "training_mode": [1]}),
    "ReduceMean": ((11, 13, 18), {
        "axes": [[2, 3], [-1, -2], [3, 2], [2], [1, 2, 3], [0, 2, 3], [1]],
        "keepdims": [0, 1], "noop_with_empty_axes": [1]}),
    "GlobalAveragePool": ((13,), {}),
    "Relu": ((13,), {}), "LeakyRelu": ((7, 16), {"alpha": [0.0, 0.5, -1.0, 4.0, 1e6]}),
    "PRelu": ((9, 16), {"slope": [0.0, 0.25, -2.0, "row", "channel", "equal"]}),
    "Clip": ((7, 11, 13), {"min": [0.0, -1.0, 1.0], "max": [6.0, 3.4e38, 0.0, np.inf, -3.0]}),
    "Max": ((8, 13), {"other": [0.0, 1.0, "channel", "row", "map", "zeros"]}),
    "Min": ((8, 13), {"other": [0.0, 1.0, -2.0, "channel", "row", "map", "zeros"]}),
    "Sign": ((9, 13), {"shift": [0.0, 0.3, -1.7, -2.0]}),
    "Add": ((7, 14), {"other": [2.0, "channel", "row", "map", "equal", "wide"]}),
    "Sub": ((7, 14), {"other": [2.0, "channel", "row", "map", "first"]}),
    "Mul": ((7, 14), {"other": [2.0, "channel", "row", "itself", "equal", "wide"]}),
    "Div": ((7, 14), {"other": [2.0, "reciprocal", "first"]}),
    "Cast": ((13, 19), {"to": [1, 10, 11, 6, 9], "saturate": [0]}),
    "Concat": ((11, 13), {"axis": [0, 1, 2, 3, -1, -3], "other": ["x", "itself", "constant"]}),
    "Reshape": ((13, 14), {"allowzero": [1], "shape": ["shuffle", "swap", "flat", "same"],
                           "perm": [[0, 2, 1, 3, 4], [0, 1, 2, 4, 3], [0, 2, 1, 4, 3],
                                    [0, 1, 2, 3, 4]]}),
}


def _floats(b, x, kind, size):
    """An operand of ``x``: (name, as the first operand)."""
    shapes = {"channel": (CHANNELS, 1, 1), "row": (1, 1, size[1]), "map": (CHANNELS, *size),
              "wide": (3, 1, 1, 1)}
    if kind in shapes:
        return b.constant(b.rng.integers(-2, 3, shapes[kind]))
    made = {"zeros": np.zeros(shapes["map"]), "equal": np.full(shapes["map"], 0.5),
            "reciprocal": np.full(shapes["channel"], 4.0), "first": np.full((1, 1, 1), 2.0)}
    return x if kind == "itself" else b.constant(made.get(kind, kind))


def _resize(b, x, size, opset, values):
    """Resize or Upsample with factors, or sizes that are as large."""
    attributes = {name: value for name, value in values.items()
                  if name not in ("scales", "sizes", "channel scale")}
    scales = np.array([1, values.get("channel scale", 1), *[values.get("scales", 2.0)] * 2],
                      np.float32)
    axes = attributes.get("axes", [0, 1, 2, 3])
    scales = scales[axes]
    if opset == 7:
        return b.node("Upsample", x, scales=scales.tolist(), **attributes)
    if opset <= 10:
        return b.node("Upsample" if opset == 9 else "Resize", x, b.constant(scales, np.float32),
                      **attributes)
    roi = b.constant([0.0] * len(axes) + [0.5] * len(axes), np.float32)
    if "sizes" not in values:
        return b.node("Resize", x, roi, b.constant(scales, np.float32), **attributes)
    whole = np.array([1, CHANNELS, *(int(edge * values["sizes"]) for edge in size)])
    empty = "" if opset > 12 else b.constant([], np.float32)
    return b.node("Resize", x, roi, empty, b.constant(whole[axes], np.int64), **attributes)


def _reshape(b, x, size, values):
    """A channel shuffle, or what looks like one."""
    half = CHANNELS // 2
    split = {"shuffle": [1, half, 2, *size], "swap": [1, 2, half, *size[::-1]],
             "flat": [1, half, 2, size[0] * size[1], 1], "same": [half, 1, 2, *size]}
    extra = {name: value for name, value in values.items() if name == "allowzero"}
    x = b.node("Reshape", x, b.constant(split[values.get("shape", "shuffle")], np.int64), **extra)
    x = b.node("Transpose", x, perm=values.get("perm", [0, 2, 1, 3, 4]))
    return b.node("Reshape", x, b.constant([1, CHANNELS, *size], np.int64))


def _normalized(b, x, size, opset, values):
    """Parameters for which the square root of variance + epsilon is 2."""
    shape = (CHANNELS, *size) if values.get("spatial", 1) == 0 else (CHANNELS,)
    gamma, beta, mean = b.rng.integers(-2, 3, (3, *shape))
    variance = np.full(shape, 4 - values.get("epsilon", 0.0))
    outputs = (3 if opset >= 14 else 5) if values.get("training_mode") else 1
    made = b.node("BatchNormalization", x, *(b.constant(part) for part in (
        2 * gamma, beta, mean, variance)), outputs=outputs, **{"epsilon": 0.0} | values)
    return made if outputs == 1 else made[0]


def _node(b, operation, x, size, opset, values):
    """The operator of a case, reading ``x``: name of its result."""
    if operation in ("Resize", "Upsample"):
        return _resize(b, x, size, opset, values)
    if operation == "BatchNormalization":
        return _normalized(b, x, size, opset, values)
    if operation == "Reshape":
        return _reshape(b, x, size, values)
    values, inputs = dict(values), [x]
    if operation == "Conv":
        kernel = values.setdefault("kernel_shape", [3, 3])
        inputs.append(b.constant(b.signs(CHANNELS, CHANNELS // values.get("group", 1), *kernel)))
    elif operation in ("MaxPool", "AveragePool"):
        values = {"kernel_shape": [2, 2], "strides": [2, 2]} | values
    elif operation == "ReduceMean" and opset >= 18 and "axes" in values:
        inputs.append(b.constant(values.pop("axes"), np.int64))
    elif operation == "PRelu":
        inputs.append(_floats(b, x, values.pop("slope", 0.5), size))
    elif operation == "Clip" and opset >= 11:
        inputs += [b.constant(values.pop(name)) if name in values else "" for name in (
            "min", "max")]
    elif operation == "Sign":           # of sums that are never 0, or are
        inputs = [b.node("Add", x, b.constant(values.pop("shift", 0.3)))]
    elif operation == "LeakyRelu":
        values.setdefault("alpha", 0.5)         # 0.01 is not exact
    elif operation == "Cast":
        values.setdefault("to", 1)
    elif operation == "Concat":
        other = values.pop("other", "x")
        values.setdefault("axis", 1)
        inputs.append({"x": "x", "itself": x}.get(other) or b.constant(
            np.ones((1, CHANNELS, *size))))
    elif "other" in OPERATORS[operation][1]:
        kind = values.pop("other", 2.0)
        inputs.insert(kind != "first", _floats(b, x, kind, size))
    return b.node(operation, *inputs, **values)


def _model(operation, opset, size, values, seed):
    """(model, image): a layer of the chip and the operator behind it; a Conv stands alone."""
    rng = np.random.default_rng(seed)
    b = Builder((CHANNELS, *size), rng)
    x = "x"
    if operation != "Conv":
        factor = np.prod(values.get("kernel_shape", [2, 2])) if operation == "AveragePool" else 1
        if operation in ("ReduceMean", "GlobalAveragePool"):
            factor = size[0] * size[1]
        x = b.conv(x, CHANNELS, CHANNELS, 1, magnitude=float(factor))
    model = b.model(_node(b, operation, x, size, opset, values), opset=opset)
    image = rng.integers(-3, 4, (1, CHANNELS, *size)).astype(np.float32)
    return model, image


def _cases(operation, combinations=12):
    """(opset, size, attribute -> value): nothing given, each value alone, each with all flags, some
    together."""
    opsets, table = OPERATORS[operation]
    rng = np.random.default_rng(list(OPERATORS).index(operation))
    alone = [{}] + [{name: value} for name, values in table.items() for value in values]
    flags = {name: values[0] for name, values in table.items() if len(values) == 1}
    chosen = alone + [flags | value for value in alone if len(flags) > 1]
    for _ in range(combinations if len(table) > 1 else 0):
        names = rng.permutation(list(table))[:rng.integers(2, 5)]
        chosen.append({str(name): table[name][rng.integers(len(table[name]))] for name in names})
    for number, values in enumerate(chosen):
        # Values one by one on two maps.
        for turn in range(2 if len(values) < 2 else 1):
            yield (opsets[(number + turn) % len(opsets)],
                   SIZES[(2 * number + turn + number // 3) % len(SIZES)], values)


def _accepted(model):
    """What onnxruntime computes of a model: function of an image; None when the checker or
    onnxruntime has no meaning for it."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError,
            *onnxruntime_errors()):
        return None
    return lambda image: session.run(None, {"x": image})[0]


def onnxruntime_errors():
    """What onnxruntime raises for a model that it does not take, or cannot run."""
    state = onnxruntime.capi.onnxruntime_pybind11_state
    return state.Fail, state.InvalidArgument, state.InvalidGraph, state.NotImplemented, \
        state.RuntimeException


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATORS)
def test_operator(operation):
    seen = {"chip": 0, "host": 0, "refused": 0}
    for number, (opset, size, values) in enumerate(_cases(operation)):
        try:
            model, image = _model(operation, opset, size, values, number)
        except onnx.shape_inference.InferenceError:
            continue
        run = _accepted(model)
        try:
            wanted = run(image) if run else None
        except onnxruntime_errors():
            continue
        if wanted is None or wanted.shape[:1] != (1,) or not wanted.size:
            continue
        case = f"{operation}, opset {opset}, map {size}: {values}"
        try:
            placements = analyse(load_graph(model), FULL).placements
            made = (compile_model(model, FULL, layer_check=True)
                    if placements[0].where == "chip" else None)
        except ModelError:
            seen["refused"] += 1
            continue
        where = placements[-1].where
        result = Session(made).run(image) if made else None
        seen[where] += 1
        if result is None:                      # a lone Conv of the host: no chip at all
            assert operation == "Conv", case
            continue
        assert result.difference is None, case
        (got,) = result.outputs.values()
        np.testing.assert_array_equal(got.astype(wanted.dtype), wanted, err_msg=case)
    assert seen["chip"], f"no case of {operation} runs on the chip"
    assert seen["host"] or operation in ("Relu", "Clip", "GlobalAveragePool"), seen
    assert seen["refused"] < seen["chip"] + seen["host"], seen


def test_every_attribute_of_the_standard_has_values():
    """An attribute that ONNX has, in any version from opset 7 on, and no rule looks at, is
    refused; one that a rule knows has values here."""
    for operation, (opsets, table) in OPERATORS.items():
        attributes = set()
        for opset in opsets:
            attributes.update(onnx.defs.get_schema(operation, opset).attributes)
        rest = attributes - set(table) - {"round_mode"}
        assert not rest, f"{operation}: no values of {', '.join(sorted(rest))}"
    assert set(KNOWN) == {*OPERATORS, "Transpose"}
