"""flexdrive run --frames and report --frames as a person types them."""

import re

import numpy as np
import onnxruntime
import pytest

from ..deploy.onnx_models import integer_builder

CHIP = ("--preset", "tiny", "--fm-words", 512, "--overlap", "--stream-words", 2)


def _cycles(text):
    """The numbers of the rows on cycles, by what is said of them."""
    return {said: int(number.replace(",", "")) for number, said in re.findall(
        r"([\d,]+) (measured|modelled|a frame alone|each one more|later)", text)}


@pytest.fixture
def four(network):
    """x.npy and y.npy of four images, of which two are those of the network."""
    images = np.load("x.npy")
    np.save("x.npy", np.concatenate([images, images[::-1] + 1]))
    wanted = onnxruntime.InferenceSession("net.onnx").run(None, {"x": np.load("x.npy")})[0]
    np.save("y.npy", wanted.astype(np.float16))
    return network


@pytest.mark.slow
@pytest.mark.usefixtures("four")
def test_frames_on_the_rtl(flexdrive):
    run = ("run", "net.onnx", "--input", "x.npy", "--expect", "y.npy", "--engine", "rtl",
           "--output", "z.npy", *CHIP)
    status, out, err = flexdrive(*run, "--frames")
    assert status == 0, err
    assert "y.npy: all 108 float16 values are equal, bit for bit" in out
    assert "4, one program" in out
    assert f"{4 * 27} words with the golden model of each frame alone: all equal" in out
    assert "measured, as modelled" in out
    assert max(map(len, out.splitlines())) <= 80
    np.testing.assert_array_equal(np.load("z.npy"), np.load("y.npy"))
    found = _cycles(out)
    assert found["later"] == found["each one more"] < found["a frame alone"]
    assert found["a frame alone"] + 3 * found["each one more"] == found["measured"]
    # Alone is as without the option.
    _, single, _ = flexdrive(*run)
    assert _cycles(single)["measured"] == found["a frame alone"]


@pytest.mark.slow
@pytest.mark.usefixtures("four")
def test_frames_on_the_golden_model_and_in_the_report(flexdrive, tmp_path):
    status, out, err = flexdrive("run", "net.onnx", "--input", "x.npy", "--expect", "y.npy",
                                 "--frames", *CHIP)
    assert status == 0, err
    found = _cycles(out)
    assert found["modelled"] == found["a frame alone"] + 3 * found["each one more"]
    rate = f"{58e6 / found['each one more']:,.1f}"
    assert f"{rate} at 58 MHz" in out
    status, out, err = flexdrive("report", "net.onnx", "-o", "made", "--frames", *CHIP)
    assert status == 0, err
    assert f"{found['each one more']:,} each further frame" in out
    assert f"{rate} one after the other" in out
    assert f"{1e3 * found['each one more'] / 58e6:9,.3f} ms" in out
    assert f"{rate} /s one after the other" in (tmp_path / "made/report.html").read_text()


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(("arguments", "message"), [
    (("--layer-check",), "--frames and --layer-check exclude each other"),
    (("--preset", "tiny", "--mesh", "1x2"), "net is compiled for a mesh; frames one after the "
     "other are for one chip"),
    (("--target", "flexv"), "--frames: not for --target flexv")])
def test_what_frames_are_not_for(flexdrive, arguments, message):
    status, _, err = flexdrive("run", "net.onnx", "--input", "x.npy", "--frames", *arguments)
    assert status == 1
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_a_network_of_two_programs_is_refused(flexdrive, tmp_path):
    builder, image = integer_builder((3, 6, 5))
    x = builder.node("Softmax", builder.conv("x", 3, 5, name="first"), axis=1)
    model = builder.model(builder.conv(x, 5, 3, 3, name="second"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    np.save("x.npy", image)
    for arguments in (("run", "net.onnx", "--input", "x.npy"),
                      ("report", "net.onnx", "-o", "made")):
        status, _, err = flexdrive(*arguments, "--frames")
        assert status == 1
        assert "net has 2 programs, with the host between them; frames one after the other are " \
            "for networks of one program" in err
    assert not (tmp_path / "made").exists()
