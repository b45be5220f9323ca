"""Networks in C: every step's every integer as in the golden model, on this machine and on the
instruction-set simulator; the plan of L1."""

import numpy as np
import pytest

from flexdrive_deploy.errors import FitError, ModelError
from flexdrive_deploy.flexv.compiler.build import build_library
from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.pieces import pieces_of
from flexdrive_deploy.flexv.firmware import BuildError, firmware_directory
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive import network as drive
from flexdrive_sim.flexv.drive.network import LibraryNetwork, SimulatedNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.session import IntegerDifferenceError, NetworkSession
from flexdrive_sim.flexv.verify.network_check import first_difference

from .data import DATA, needs_data
from .quantised_models import QuantisedBuilder, random_large_maps, random_network


def _compared(engine, network, images, place, **options):
    """(CompiledNetwork, first difference) of a network on an engine, every step kept."""
    compiled = compile_network(network, **options)
    (name,) = network.inputs
    made = engine(compiled, place, trace=True).run({name: images})
    assert len(made) >= len(compiled.steps.steps)
    return compiled, first_difference(compiled, made, run(network, {name: images}, None)[1])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 112))
def test_random_networks_on_this_machine(seed, tmp_path):
    model, images = random_network(seed, 12)
    _, difference = _compared(LibraryNetwork, load_network(model), images, tmp_path)
    assert difference is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2, 9, 13, 16, 26, 28])
def test_maps_that_l1_does_not_hold_are_worked_on_in_stripes(seed, tmp_path):
    model, images = random_large_maps(seed)
    compiled, difference = _compared(LibraryNetwork, load_network(model), images, tmp_path,
                                     l1_bytes=4400)
    assert difference is None
    assert compiled.plan.peak <= 4400
    assert compiled.plan.outside
    # More than one piece of some step, so that buffers are used in turn.
    assert any(len(pieces_of(step, cut, compiled.plan.chunks.get(step, (0, ()))[1])) > 1
               for step, cut in compiled.plan.cuts.items())


@pytest.mark.slow
def test_stripes_and_chunks_at_once(tmp_path):
    network, images = _layer(outputs=96, inputs=32, size=16)
    compiled, difference = _compared(LibraryNetwork, network, images, tmp_path, l1_bytes=10 << 10)
    assert difference is None
    ((_, chunks),) = compiled.plan.chunks.values()
    ((_, rows),) = compiled.plan.rows.items()
    assert len(chunks) > 1
    assert rows < 16


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_networks_on_the_instruction_set_simulator(seed, tmp_path):
    model, images = random_network(seed, 5)
    _, difference = _compared(SimulatedNetwork, load_network(model), images[:1], tmp_path)
    assert difference is None


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("name", [
    "mlperf_tiny/dscnn_kws", "mlperf_tiny/mobilenet_vww", "mlperf_tiny/resnet8",
    "mlperf_tiny/ad_autoencoder", "sub_byte/kws_mlp_w3a3", "brevitas/qonnx_trunc",
    "brevitas/qcdq_quant"])
def test_trained_networks_in_64_kb_on_this_machine(name, tmp_path):
    network = load_network(DATA / f"{name}.onnx")
    (shape,) = network.inputs.values()
    quantiser = network.integers.inputs[0].quantiser
    integers = np.random.default_rng(0).integers(quantiser.low, quantiser.high + 1,
                                                 (2, *shape[1:]))
    images = ((integers - quantiser.zero) * float(quantiser.scale)).astype(np.float32)
    compiled, difference = _compared(LibraryNetwork, network, images, tmp_path,
                                     l1_bytes=64 << 10)
    assert difference is None
    assert compiled.plan.peak <= 64 << 10


def _layer(outputs=70, inputs=64, size=5):
    builder = QuantisedBuilder((inputs, size, size))
    x = builder.quantised("x", 0.5, 4)
    y = builder.quantised(builder.layer(x, outputs, pads=[1, 1, 1, 1]), 2.0, 0)
    images = builder.rng.integers(-200, 200, (2, *builder.shape)) / 4
    return load_network(builder.model(y)), images.astype(np.float32)


@pytest.mark.slow
def test_weights_come_in_chunks_where_l1_is_short(tmp_path):
    network, images = _layer()
    whole = compile_network(network, l1_bytes=64 << 10)
    compiled, difference = _compared(LibraryNetwork, network, images, tmp_path, l1_bytes=32 << 10)
    assert difference is None
    counts = [len(next(iter(each.plan.chunks.values()))[1]) for each in (whole, compiled)]
    # A network that begins with a layer waits for its first chunk, so there are two of them.
    assert counts[0] == 2 < counts[1]
    chunks = next(iter(compiled.plan.chunks.values()))[1]
    assert sum(chunk.count for chunk in chunks) == 70


def test_buffers_do_not_overlap_and_stay_in_l1():
    network, _ = _layer()
    plan = compile_network(network, l1_bytes=32 << 10).plan
    for one in plan.buffers:
        assert 0 <= one.begin <= one.begin + one.size <= 32 << 10
        for other in plan.buffers:
            assert one is other or one.last < other.first or other.last < one.first or (
                one.begin + one.size <= other.begin or other.begin + other.size <= one.begin)


def test_what_does_not_fit_names_layer_need_and_what_would_pass():
    network, _ = _layer()
    with pytest.raises(FitError, match=r"Layer conv\d+ \(\(70, 5, 5\)\): its maps and weights need "
                       r"at least [\d,]+ bytes of L1, of which there are 5,120\. What would pass: "
                       r"an L1 of \d+ kB or more") as caught:
        compile_network(network, l1_bytes=5 << 10)
    needed = caught.value.change["l1_bytes"]
    assert compile_network(network, l1_bytes=needed + (1 << 10)).plan.peak <= needed + (1 << 10)


@pytest.mark.slow
def test_what_the_cluster_s_l1_does_not_hold_names_what_would_pass(tmp_path, monkeypatch):
    """Maps and weights fit, with stacks, tables and numbers of the layers they do not; the advice
    is followed."""
    builder = QuantisedBuilder((16, 62, 62))
    x = builder.quantised("x", 0.5, 4)
    y = builder.quantised(builder.layer(x, 16, (1, 1)), 2.7, 0)
    network = load_network(builder.model(y))
    monkeypatch.setattr(drive, "build_cluster", lambda *_, **__: None)
    compiled = compile_network(network, l1_bytes=128 << 10)
    with pytest.raises(FitError, match=r"The network needs [\d,]+ bytes of L1, of which "
                       r"[\d,]+ are maps and weights; the cluster has 131,072\. What would pass: "
                       r"\d+ kB for maps and weights \(--l1-kb \d+\)$") as caught:
        drive.ClusterNetwork(compiled, tmp_path / "large")
    passing = caught.value.change["l1_bytes"]
    compiled = compile_network(network, l1_bytes=passing)
    assert compiled.plan.peak <= passing
    drive.ClusterNetwork(compiled, tmp_path / "small")


def test_an_l1_that_is_none():
    network, _ = _layer()
    with pytest.raises(ModelError, match="An L1 of 100 bytes is not possible"):
        compile_network(network, l1_bytes=100)


def test_the_same_network_gives_the_same_files():
    network, _ = _layer()
    assert compile_network(network).all_files() == compile_network(network).all_files()


@pytest.mark.slow
def test_a_fault_in_a_kernel_is_found_and_named(tmp_path):
    network, images = _layer()
    compiled = compile_network(network)
    files = compiled.all_files()
    clip = "value = requant->high;"
    assert files["kernels.c"].count(clip) == 1
    files["kernels.c"] = files["kernels.c"].replace(clip, "value = requant->high - 1;")
    compiled.all_files = lambda: files
    (name,) = network.inputs
    made = LibraryNetwork(compiled, tmp_path, trace=True).run({name: images})
    difference = first_difference(compiled, made, run(network, {name: images}, None)[1])
    assert difference is not None
    assert (difference.expected, difference.got) == (127, 126)
    with pytest.raises(IntegerDifferenceError, match=r"c differs from the golden model: layer "
                       r"conv\d+ .*image \d, channel \d+, row \d, column \d: expected 127, "
                       r"got 126"):
        NetworkSession(compiled, "c").run(None, images)


def test_c_that_no_compiler_takes(tmp_path):
    network, _ = _layer()
    compile_network(network).write(tmp_path)
    (tmp_path / "network.c").write_text("nonsense")
    with pytest.raises(BuildError, match="nonsense"):
        build_library(tmp_path)


def test_no_kernel_allocates_memory():
    text = (firmware_directory() / "network/kernels.c").read_text()
    assert "malloc" not in text
    assert "alloca" not in text


def test_strange_names_become_comments_and_identifiers():
    builder = QuantisedBuilder((2, 3, 3))
    x = builder.quantised("x", 0.5, 4)
    y = builder.layer(x, 2, (1, 1), name="*/ int main() { /* 1")
    files = compile_network(load_network(builder.model(builder.quantised(y, 8.0, 0)))).files
    assert "*/ int main" not in files["network.c"]
    assert "layer_0_int_main_1" in files["network.c"]
