"""The host side of networks from outside: what it computes is onnxruntime's result on the file as
it was given, or a refusal that says why."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from flexdrive_deploy.compiled_model import Deployment
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .test_import import CONFIG

SHAPE = (4, 6, 6)
RNG = np.random.default_rng(5)
SIGNS = RNG.choice([-1.0, 1.0], (4, 4, 3, 3)).astype(np.float32)


def network(*nodes, constants=(), opset=17, batch=1, kind=TensorProto.FLOAT, functions=(),
            domains=()):
    """A binary convolution x -> a, then ``nodes``, the last of which makes y."""
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    first = helper.make_node("Conv", ["x", "w"], ["a"], "first", pads=[1] * 4)
    arrays = {"w": SIGNS.astype(dtype), **dict(constants)}
    graph = helper.make_graph(
        [first, *nodes], "test",
        [helper.make_tensor_value_info("x", kind, [batch, *SHAPE])],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()])
    return helper.make_model(graph, ir_version=8, functions=functions, opset_imports=[
        helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)])


def node(operation, inputs, output="y", **attributes):
    return helper.make_node(operation, inputs.split(","), output.split(","),
                            attributes.pop("name", f"the {operation} {output}"), **attributes)


def computed(model, tmp_path, image):
    """Result of the compiled directory: what compile accepts, run runs."""
    compile_model(model, CONFIG).save(tmp_path / "out")
    (made,) = Session(Deployment.load(tmp_path / "out")).run(image).outputs.values()
    return made


def image(dtype=np.float32):
    return RNG.integers(-2, 3, (1, *SHAPE)).astype(dtype)


def as_onnxruntime(model, tmp_path):
    x = image()
    (wanted,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    made = computed(model, tmp_path, x)
    assert made.shape == wanted.shape
    np.testing.assert_allclose(made.astype(np.float64), wanted, rtol=2e-3, atol=2e-3)


INTS = {"axis": np.array([1]), "four": np.array([4]), "pair": np.array([[0, 1], [0, 3]])}
FLOATS = {"g": RNG.uniform(0.5, 2, 4).astype(np.float32), "half": np.float32(0.5),
          "row": RNG.uniform(0.5, 2, 6).astype(np.float32)}
# Operations that no list of ours has ever had: (opset, nodes, constants).
OTHERS = {
    "Erf": (13, [node("Erf", "a")], ()),
    "Gelu": (20, [node("Gelu", "a", approximate="tanh")], ()),
    "Mish": (18, [node("Mish", "a")], ()),
    "Selu": (17, [node("Selu", "a")], ()),
    "Celu": (17, [node("Celu", "a", alpha=0.5)], ()),
    "Where": (17, [node("Greater", "a,half", "b"), node("Where", "b,a,half")], ["half"]),
    "InstanceNormalization": (17, [node("InstanceNormalization", "a,g,g")], ["g"]),
    "LayerNormalization": (17, [node("LayerNormalization", "a,row,row")], ["row"]),
    "ReduceL2": (17, [node("ReduceL2", "a", axes=[2, 3])], ()),
    "Einsum": (17, [node("Einsum", "a", equation="nchw->nwc")], ()),
    "CumSum": (17, [node("CumSum", "a,axis")], ["axis"]),
    "GatherND": (17, [node("GatherND", "a,pair", batch_dims=0)], {"pair": [[0, 1], [0, 3]]}),
    "TopK": (17, [node("TopK", "a,four", "b,c", axis=2), node("Neg", "b")], ["four"]),
    "Quantize": (13, [node("QuantizeLinear", "a,half", "b"),
                      node("DequantizeLinear", "b,half")], ["half"]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_host_does_what_onnxruntime_does(tmp_path, name):
    opset, nodes, names = OTHERS[name]
    known = INTS | FLOATS
    constants = {one: known[one] for one in names}
    as_onnxruntime(network(*nodes, constants=constants, opset=opset), tmp_path)


def test_local_functions_are_inlined(tmp_path):
    function = helper.make_function("mine", "Twice", ["p"], ["q"], [
        helper.make_node("Erf", ["p"], ["e"]), helper.make_node("Add", ["e", "p"], ["q"])],
        [helper.make_opsetid("", 17)])
    model = network(helper.make_node("Twice", ["a"], ["y"], domain="mine"), functions=[function],
                    domains=["mine"])
    as_onnxruntime(model, tmp_path)


def old_operations(version, *, kind=TensorProto.FLOAT):
    """A convolution of real weights, BatchNormalization and Softmax of an old opset."""
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    rng = np.random.default_rng(version)
    constants = {"real": rng.normal(size=(4, 4, 1, 1)).astype(dtype),
                 **{name: rng.uniform(0.5, 2, 4).astype(dtype) for name in "gbmv"}}
    nodes = [node("Conv", "a,real", "r", name="same"),
             node("BatchNormalization", "r,g,b,m,v", "n", name="same"),
             node("Softmax", "n", axis=1, name="same")]
    return network(*nodes, constants=constants, opset=version, kind=kind), constants


def by_hand(a, constants, version):
    """The same in float64, after the operators' pages; Softmax flattens up to opset 12."""
    def channels(name):
        return constants[name].astype(float)[:, None, None]

    r = np.einsum("nchw,oc->nohw", a, constants["real"][:, :, 0, 0].astype(float))
    n = (r - channels("m")) / np.sqrt(channels("v") + 1e-5) * channels("g") + channels("b")
    axes = (1, 2, 3) if version < 13 else 1
    power = np.exp(n - n.max(axis=axes, keepdims=True))
    return power / power.sum(axis=axes, keepdims=True)


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.DOUBLE])
@pytest.mark.parametrize("version", [9, 12, 13, 17])
def test_no_other_evaluator_takes_over(tmp_path, version, kind):
    """Nodes of one name, and doubles, for which onnxruntime has no convolution."""
    model, constants = old_operations(version, kind=kind)
    x = image(helper.tensor_dtype_to_np_dtype(kind))
    padded = np.pad(x.astype(float), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    a = np.einsum("nchwij,ocij->nohw", windows, SIGNS)
    made = computed(model, tmp_path, x)
    np.testing.assert_allclose(made, by_hand(a, constants, version), rtol=1e-4, atol=1e-6)


def test_narrowing_is_said():
    model, _ = old_operations(13, kind=TensorProto.DOUBLE)
    reasons = {p.operation: p.reason for p in analyse(load_graph(model), CONFIG).placements}
    assert "computed in float32: onnxruntime has no BatchNormalization in double" not in reasons[
        "BatchNormalization"]
    graph = load_graph(network(node("Conv", "a,real"), kind=TensorProto.DOUBLE,
                               constants={"real": RNG.normal(size=(4, 4, 1, 1))}))
    assert "computed in float32: onnxruntime has no Conv in double" in analyse(
        graph, CONFIG).placements[-1].reason


@pytest.mark.parametrize("version", [10, 13, 18, 19, 21])
def test_quantized_weights_at_every_opset(version):
    per_channel = {} if version < 13 else {"axis": 0}
    scale = np.full(4 if version >= 13 else (), 0.5, np.float32)
    model = network(
        node("DequantizeLinear", "q,s,z", "v", **per_channel),
        helper.make_node("Conv", ["a", "v"], ["y"], "second", pads=[1] * 4), opset=version,
        constants={"q": SIGNS.astype(np.int8), "s": scale, "z": np.zeros_like(scale, np.int8)})
    placements = analyse(load_graph(model), CONFIG).placements
    assert {p.name: p.where for p in placements if not p.gone} == {
        "first": "chip", "second": "chip"}


@pytest.mark.parametrize(("nodes", "opset", "constants", "words"), [
    ([node("Upsample", "a,s", mode="nearest")], 9,
     {"s": np.array([1, 1, 0.5, 0.5], np.float32)}, "onnxruntime does not compute Upsample"),
    ([node("RandomNormalLike", "a")], 17, {}, "makes random numbers"),
    ([helper.make_node("Thing", ["a"], ["y"], "thing", domain="nowhere")], 17, {},
     "nowhere.Thing is no operator of ONNX"),
    ([node("Sigmoid", "a")], 5, {}, "opset 7 or newer"),
])
def test_what_is_refused_is_refused_before_it_is_compiled(nodes, opset, constants, words):
    model = network(*nodes, opset=opset, constants=constants,
                    domains=[n.domain for n in nodes if n.domain])
    with pytest.raises(ModelError, match=words) as info:
        compile_model(model, CONFIG)
    assert "\n" not in str(info.value)


def reshaped(shape):
    return [node("Reshape", "a,s", "r"), node("ReduceMean", "r", axes=[2], keepdims=1)], {
        "s": np.array(shape)}


BATCHES = {
    "kept": (4, *reshaped([4, 4, -1]), "Reshape"),
    "merged": (2, *reshaped([8, 3, -1]), "Reshape"),
    "free, one row": ("N", [node("Reshape", "a,s")], {"s": np.array([1, -1])}, "Reshape"),
    "softmax over images": ("N", [node("Softmax", "a", axis=0)], {}, "Softmax"),
    "sum over images": (3, [node("ReduceMean", "a", axes=[0], keepdims=1)], {}, "ReduceMean"),
    "reversed": (3, [node("Slice", "a,s,e,z,s")], {
        "s": np.array([-1]), "e": np.array([-9]), "z": np.array([0])}, "Slice"),
    "constants of four": (4, [node("Add", "a,c")], {
        "c": np.ones((4, 1, 1, 1), np.float32) * np.arange(4, dtype=np.float32).reshape(
            4, 1, 1, 1)}, "Add"),
}


@pytest.mark.parametrize("name", BATCHES)
def test_what_is_not_per_image_is_refused_by_name(name):
    batch, nodes, constants, operation = BATCHES[name]
    with pytest.raises(ModelError, match=rf"the {operation} .*every image of a batch by itself"):
        load_graph(network(*nodes, constants=constants, batch=batch))


PER_IMAGE = {
    "its own batch": ([node("Shape", "a", "h"), node("Gather", "h,z", "n"),
                       node("Concat", "n,m", "t", axis=0), node("Reshape", "a,t")],
                      {"z": np.array([0]), "m": np.array([-1])}),
    "zero": ([node("Reshape", "a,s")], {"s": np.array([0, 4, -1])}),
    "there and back": ([node("Transpose", "a", "t", perm=[1, 0, 2, 3]), node("Abs", "t", "u"),
                        node("Transpose", "u", perm=[1, 0, 2, 3])], {}),
    "classes": ([node("Flatten", "a", "f"), node("Softmax", "f", axis=1)], {}),
}


@pytest.mark.parametrize("batch", [1, 4, "N"])
@pytest.mark.parametrize("name", PER_IMAGE)
def test_what_is_per_image_runs(tmp_path, name, batch):
    nodes, constants = PER_IMAGE[name]
    model = network(*nodes, constants=constants, batch=batch)
    x = image()
    made = computed(model, tmp_path, x)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (wanted,) = session.run(None, {"x": np.repeat(x, batch if batch != "N" else 1, axis=0)})
    np.testing.assert_allclose(made.astype(float), wanted[:1], rtol=2e-3, atol=2e-3)


def test_maps_of_several_images_are_not_the_chips(tmp_path):
    """One image, cut into two maps of two channels each: the chip would take the first."""
    x = image()
    model = network(node("Reshape", "a,s", "r"), node("Conv", "r,v", pads=[1] * 4), constants={
        "s": np.array([2, 2, 6, 6]), "v": SIGNS[:2, :2]})
    (wanted,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    np.testing.assert_array_equal(computed(model, tmp_path, x), wanted)


def test_results_have_one_row_for_every_image():
    """Declared for one image, a network may drop the first axis; several images need it."""
    model = network(node("Reshape", "a,s"), constants={"s": np.array([4, -1])})
    deployment = compile_model(model, CONFIG)
    outputs = Session(deployment).run(image()).outputs
    deployment.check_rows(outputs, 1)
    with pytest.raises(ModelError, match=r"Output y has shape \(4, 36\) .* one image at a time"):
        deployment.check_rows(outputs, 2)


def pads_of_torch():
    """What torch's exporter writes for ZeroPad2d(1): the padding computed from constants."""
    nodes = [node("ConstantOfShape", "four", "z", value=numpy_helper.from_array(np.array([0]))),
             node("Concat", "ones,z", "c0", axis=0), node("Reshape", "c0,m2", "c1"),
             node("Slice", "c1,m1,min,zero,m1", "c2"), node("Transpose", "c2", "c3", perm=[1, 0]),
             node("Reshape", "c3,m1", "pads")]
    named = [helper.make_node(n.op_type, n.input, n.output, f"{n.op_type}{i}")
             for i, n in enumerate(nodes)]
    for made, n in zip(named, nodes, strict=True):
        made.attribute.extend(n.attribute)
    return named, {"four": np.array([4]), "ones": np.ones(4, np.int64), "m2": np.array([-1, 2]),
                   "m1": np.array([-1]), "min": np.array([-2**62]), "zero": np.array([0])}


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_shapes_come_after_folding(tmp_path, mode):
    """A padding of zeros becomes the convolution's own; another stays on the host, and the
    convolution behind it is the chip's."""
    nodes, constants = pads_of_torch()
    model = network(*nodes, node("Pad", "a,pads", "p", mode=mode),
                    helper.make_node("Conv", ["p", "w"], ["y"], "second",
                                     pads=[int(mode == "reflect")] * 4), constants=constants)
    where = {p.name: p.where for p in analyse(load_graph(model), CONFIG).placements if not p.gone}
    host = {"the Pad p": "host"} if mode == "reflect" else {}
    assert where == {"first": "chip", "second": "chip"} | host
    as_onnxruntime(model, tmp_path)


def test_a_slice_by_computed_numbers_has_a_shape(tmp_path):
    """chunk of torch's older exporter: half of the channels, from Shape, Div and Mul."""
    nodes = [node("Shape", "a", "h"), node("Gather", "h,one", "n"), node("Div", "n,two", "half"),
             node("Slice", "a,zero,half,one", "s"), node("Concat", "s,s", "t", axis=1),
             helper.make_node("Conv", ["t", "w"], ["y"], "second", pads=[1] * 4)]
    model = network(*nodes, constants={
        "zero": np.array([0]), "one": np.array([1]), "two": np.array([2])})
    where = {p.name: p.where for p in analyse(load_graph(model), CONFIG).placements}
    assert where["second"] == "chip"
    as_onnxruntime(model, tmp_path)


def test_parameters_for_every_pixel_stay_on_the_host(tmp_path):
    rng = np.random.default_rng(1)
    constants = {name: rng.uniform(0.5, 2, SHAPE).astype(np.float32) for name in "gbmv"}
    as_onnxruntime(network(node("BatchNormalization", "a,g,b,m,v", spatial=0), opset=8,
                           constants=constants), tmp_path)


def test_constants_are_onnxruntimes(tmp_path):
    """Weights from a Softmax of opset 12, which flattens; the reference implementation does not."""
    nodes = [node("Softmax", "raw", "soft", axis=1), node("Conv", "a,soft", name="second")]
    constants = {"raw": np.random.default_rng(2).normal(size=(4, 4, 1, 1)).astype(np.float32)}
    raw = constants["raw"].astype(float)
    model = network(*nodes, opset=12, constants={
        "raw": np.repeat(constants["raw"], 3, axis=3).repeat(3, axis=2)})
    graph = load_graph(model)
    (weights,) = (array for name, array in graph.constants.items() if name == "soft")
    power = np.exp(raw).repeat(3, axis=2).repeat(3, axis=3)
    np.testing.assert_allclose(weights, power / power.sum(axis=(1, 2, 3), keepdims=True),
                               rtol=1e-5)


def test_models_are_not_changed():
    model, _ = old_operations(13)
    before = model.SerializeToString()
    load_graph(model)
    assert onnx.ModelProto.FromString(before) == model
