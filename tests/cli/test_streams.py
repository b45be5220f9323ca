"""Files of words that flexdrive compile writes, and files of several results of flexdrive run."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from flexdrive.hyperdrive.config import PRESETS
from flexdrive_sim.engine import Sink, Source, run_streams
from flexdrive_sim.hyperdrive.drive.mesh import Mesh

from ..deploy.onnx_models import integer_builder


def _mem(path):
    """Words of a file for $readmemh, as rows of 32-bit chunks, lowest first."""
    numbers = [int(line, 16) for line in path.read_text().splitlines()
               if not line.startswith("//")]
    return np.array(numbers, np.uint32)


@pytest.mark.slow
@pytest.mark.usefixtures("network")
def test_the_files_of_a_mesh_make_its_chips_compute(flexdrive, tmp_path):
    """The streams of each chip, from the files alone, on the RTL of both chips."""
    status, _, err = flexdrive("compile", "net.onnx", "-o", "out", "--mesh", "1x2", "--preset",
                               "tiny", "--vectors", "x.npy", "--export", "mem")
    assert status == 0, err
    mesh = Mesh(replace(PRESETS["tiny"], mesh=True), 1, 2)
    streams = {"i_weights": Source(_mem(tmp_path / "out/0-chip-weights.mem"))}
    for chip in ("0-0", "0-1"):
        files, port = tmp_path / f"out/0-chip-{chip}", chip.replace("-", "_")
        expected = _mem(files.with_name(f"{files.name}-expected.mem"))
        words = _mem(files.with_name(f"{files.name}-words.mem"))
        streams |= {f"i_descriptors_{port}": Source(words),
                    f"i_pixels_{port}": Source(_mem(files.with_name(f"{files.name}-pixels.mem"))),
                    f"o_pixels_{port}": Sink(len(expected)), f"o_reports_{port}": Sink(4)}
    run = run_streams(None, streams, engine="compiled", model=mesh._model, cycles=100_000)
    assert run.finished
    for chip in ("0-0", "0-1"):
        port, name = chip.replace("-", "_"), f"out/0-chip-{chip}-expected.mem"
        np.testing.assert_array_equal(run.words[f"o_pixels_{port}"][:, 0], _mem(tmp_path / name))
        assert not (run.words[f"o_reports_{port}"][:, 0] >> 16 & 0xFF).any()


@pytest.mark.usefixtures("network")
def test_exports_are_what_the_arrays_are(flexdrive, tmp_path):
    status, _, err = flexdrive("compile", "net.onnx", "-o", "out", "--preset", "tiny", "--vectors",
                               "x.npy", "--export", "bin", "--export", "h", "--export", "hex")
    assert status == 0, err
    arrays = sorted((tmp_path / "out").glob("*.npy"))
    assert [path.name for path in arrays] == [
        f"0-chip-{name}.npy" for name in ("expected", "pixels", "weights", "words")]
    for path in arrays:
        assert path.with_suffix(".bin").read_bytes() == np.load(path).tobytes()
        assert path.with_suffix(".h").exists()
        assert path.with_suffix(".hex").exists()
    assert not list((tmp_path / "out").glob("*.mem"))
    status, _, err = flexdrive("run", "out", "--input", "x.npy")
    assert status == 0, err


@pytest.fixture
def two_results(flexdrive, tmp_path):
    """net.onnx with two results of different shapes, x.npy, y.npz; returns the two by name."""
    builder, image = integer_builder((3, 6, 5))
    x = builder.node("Relu", builder.conv("x", 3, 5, name="first"))
    model = builder.model(x, builder.conv(x, 5, 3, 3, 2, name="second"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    images = np.concatenate([image, -image])
    np.save("x.npy", images)
    made = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": images})
    names = [output.name for output in model.graph.output]
    wanted = {name: array.astype(np.float16) for name, array in zip(names, made, strict=True)}
    np.savez("y.npz", **wanted)
    return wanted


def test_several_results(flexdrive, two_results):
    run = ("run", "net.onnx", "--input", "x.npy")
    status, out, err = flexdrive(*run, "--expect", "y.npz", "--output", "z.npz")
    assert status == 0, err
    made = np.load("z.npz")
    assert list(made) == list(two_results)
    for name, array in two_results.items():
        assert f"y.npz, {name}: all {array.size} float16 values are equal, bit for bit" in out
        np.testing.assert_array_equal(made[name], array)
        assert made[name].dtype == np.float16
    first, second = two_results
    two_results[second][1, 2, 0, 1] += 1
    np.savez("wrong.npz", **two_results)
    status, _, err = flexdrive(*run, "--expect", "wrong.npz")
    assert status == 1
    assert f"wrong.npz, {second}: 1 of 54 float16 values differ; first at image 1, channel 2" in err
    np.savez("part.npz", **{first: two_results[first]})
    status, out, _ = flexdrive(*run, "--expect", "part.npz")
    assert status == 0
    assert f"part.npz, {second}: not in the file, not compared" in out


def test_files_that_cannot_hold_several_results(flexdrive, two_results, tmp_path):
    run = ("run", "net.onnx", "--input", "x.npy")
    names = ", ".join(two_results)
    np.save("y.npy", two_results[next(iter(two_results))])
    np.savez("other.npz", other=np.zeros(2))
    np.savez("empty.npz")
    np.savez("objects.npz", **{next(iter(two_results)): np.array([None])})
    (tmp_path / "damaged.npz").write_bytes((tmp_path / "y.npz").read_bytes()[:-30])
    for arguments, message in (
            (("--output", "z.npy"), f"--output z.npy: a .npy file holds one result, the network "
             f"has 2 ({names}); name a .npz file"),
            (("--expect", "y.npy"), "--expect y.npy: a .npy file holds one result"),
            (("--expect", "none.npz"), "none.npz: no such file"),
            (("--expect", "damaged.npz"), "damaged.npz is not a whole .npz file"),
            (("--expect", "objects.npz"), "is not a whole .npy file of numbers"),
            (("--expect", "empty.npz"), "empty.npz holds no array"),
            (("--expect", "other.npz"), f"other.npz: other is no result of the network; it has "
             f"{names}")):
        status, _, err = flexdrive(*run, *arguments)
        assert status == 1
        assert message in err.replace("\n", " ")
