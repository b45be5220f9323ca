"""flexdrive check, compile and run as a person types them."""

import numpy as np
import onnxruntime
import pytest

from ..deploy.onnx_models import integer_builder


@pytest.mark.usefixtures("network")
def test_check(flexdrive):
    status, out, _ = flexdrive("check", "net.onnx")
    assert status == 0
    assert "3 chip, 0 host, 0 unsupported" in out
    assert "runs on tiny: 2 x 2 x 4" in out
    assert max(map(len, out.splitlines())) <= 80
    status, out, _ = flexdrive("check", "net.onnx", "--preset", "tiny", "--fm-words", 64)
    assert status == 1
    assert "does not run: Layer first needs" in out
    assert "would fit: 4 x 4 x 4, 64 words a tile" in out


def test_check_of_an_unsupported_network(flexdrive, tmp_path):
    builder, _ = integer_builder((3, 6, 5))
    model = builder.model(builder.node("RandomNormalLike", builder.conv("x", 3, 5), name="dice"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    status, out, _ = flexdrive("check", "net.onnx")
    assert status == 1
    assert "dice" in out
    assert "does not run: Node dice: RandomNormalLike makes random numbers" in out
    status, _, err = flexdrive("compile", "net.onnx", "-o", "out")
    assert status == 1
    assert "error: Node dice" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx"]


@pytest.mark.slow
def test_run_on_the_simulator_of_amaranth(flexdrive, tmp_path):
    """Slow, so very small: one tile of two units, one layer of 2 x 2 pixels."""
    builder, image = integer_builder((1, 2, 2))
    model = builder.model(builder.conv("x", 1, 2, name="only"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    np.save("x.npy", image)
    wanted = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": image})[0]
    np.save("y.npy", wanted.astype(np.float16))
    status, out, err = flexdrive(
        "run", "net.onnx", "--input", "x.npy", "--expect", "y.npy", "--engine", "pysim",
        "--rows", 1, "--columns", 1, "--channels", 2, "--fm-words", 16, "--fm-banks", 1,
        "--weight-words", 9)
    assert status == 0, err
    assert "all 8 float16 values are equal" in out
    assert "measured, as modelled" in out


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("engine", ["golden", "rtl"])
def test_run(flexdrive, engine):
    status, out, err = flexdrive("run", "net.onnx", "--input", "x.npy", "--expect", "y.npy",
                                 "--output", "z.npy", "--engine", engine, "--layer-check")
    assert status == 0, err
    assert "y.npy: all 54 float16 values are equal, bit for bit" in out
    assert f"{2 * (150 + 27):,} words with" in out
    assert "measured, as modelled" in out or engine == "golden"
    assert max(map(len, out.splitlines())) <= 80
    rows = [line.split() for line in out.splitlines()]
    differences = [row[1:3] + row[4:] for row in rows if row[:1] in (["first"], ["second"])]
    assert differences[2:] == [["0", "0", "0"]] * 2
    assert "float bound: no layer beyond 0.05" in out
    np.testing.assert_array_equal(np.load("z.npy"), np.load("y.npy"))
    assert np.load("z.npy").dtype == np.float16


def test_run_names_the_first_layer_beyond_the_bound(flexdrive, tmp_path):
    """A bias of 2049 has no pattern in binary16."""
    builder, image = integer_builder((3, 4, 4))
    x = builder.conv("x", 3, 2, name="exact")
    x = builder.conv(x, 2, 2, 1, bias=np.array([2049.0, 1]), name="rounded")
    model = builder.model(builder.conv(x, 2, 2, 1, name="after"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    np.save("x.npy", image)
    run = ("run", "net.onnx", "--input", "x.npy", "--layer-check")
    status, out, _ = flexdrive(*run, "--float-bound", "0.0001")
    assert status == 0
    assert "float bound: first layer beyond 0.0001: rounded, 0.0004" in out
    assert "float bound: no layer beyond 0.05" in flexdrive(*run)[1]
    status, _, err = flexdrive(*run[:-1], "--float-bound", "1")
    assert status == 1
    assert "--float-bound is for the comparison of layers; add --layer-check" in err
    assert flexdrive("compile", "net.onnx", "-o", "out", "--layer-check")[0] == 0
    status, out, _ = flexdrive("run", "out", "--input", "x.npy", "--layer-check")
    assert status == 0
    assert "a compiled directory does not hold the model" in out


@pytest.mark.usefixtures("network")
def test_expectations(flexdrive):
    wanted = np.load("y.npy")
    wrong = wanted.copy()
    wrong[1, 2, 0, 1] += 1
    np.save("wrong.npy", wrong)
    status, _, err = flexdrive("run", "net.onnx", "--input", "x.npy", "--expect", "wrong.npy")
    assert status == 1
    assert "wrong.npy: 1 of 54 float16 values differ; first at image 1, channel 2, row 0, " \
        "column 1: expected" in err
    np.save("float.npy", wrong.astype(np.float32))
    status, out, _ = flexdrive("run", "net.onnx", "--input", "x.npy", "--expect", "float.npy")
    assert status == 0
    assert "float.npy: largest difference 1 (float32, 54 values)" in out
    np.save("short.npy", wanted[:1])
    status, _, err = flexdrive("run", "net.onnx", "--input", "x.npy", "--expect", "short.npy")
    assert status == 1
    assert "short.npy has shape (1, 3, 3, 3), the results have (2, 3, 3, 3)" in err


@pytest.mark.slow
@pytest.mark.thorough       # test_links runs meshes, too
@pytest.mark.usefixtures("network")
def test_meshes(flexdrive):
    mesh = ("--mesh", "1x2", "--preset", "tiny")
    status, out, err = flexdrive("run", "net.onnx", "--input", "x.npy", "--expect", "y.npy",
                                 "--engine", "rtl", *mesh)
    assert status == 0, err
    assert "1 x 2 chips of tiny: 2 x 2 x 4" in out
    assert "measured, as modelled" in out
    assert "bits between the chips" in out
    status, out, err = flexdrive("compile", "net.onnx", "-o", "out", *mesh)
    assert status == 0, err
    status, out, err = flexdrive("run", "out", "--input", "x.npy", "--expect", "y.npy", *mesh)
    assert status == 0, err
    status, _, err = flexdrive("run", "out", "--input", "x.npy", "--mesh", "2x2")
    assert status == 1
    assert "out was compiled for 1x2, not for --mesh 2x2; compile it again" in err
    for size, message in (("x2", "--mesh x2 is no size"), ("0x2", "--mesh 0x2 is no size"),
                          ("1x200", "has 400 columns of tiles; at most 255")):
        status, _, err = flexdrive("run", "net.onnx", "--input", "x.npy", "--preset", "tiny",
                                   "--mesh", size)
        assert status == 1
        assert message in err


@pytest.mark.slow
@pytest.mark.usefixtures("network")
def test_links(flexdrive):
    run = ("run", "net.onnx", "--input", "x.npy", "--expect", "y.npy", "--engine", "rtl",
           "--preset", "tiny")
    status, out, err = flexdrive(*run, "--mesh", "1x2", "--link-width", "3", "--retransmit",
                                 "--forward-weights")
    assert status == 0, err
    assert "measured, as modelled" in out
    for options, message in (
            (("--link-width", "4"), "Options of links (--link-width ..., --retransmit, "),
            (("--mesh", "1x2", "--link-width", "65"), "Link parameter width = 65 is not possible"),
            (("--mesh", "1x2", "--link-crc", "7"), "Link parameter crc = 7 is not possible")):
        status, out, err = flexdrive(*run, *options)
        assert status == 1
        assert message in err
        assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.usefixtures("network")
def test_compiled_directories(flexdrive, tmp_path):
    status, out, _ = flexdrive("compile", "net.onnx", "-o", "out", "--preset", "tiny")
    assert status == 0
    assert "net for tiny" in out
    text = (tmp_path / "out" / "listing.txt").read_text()
    assert "CONV  first" in text
    assert "CONV  second" in text
    assert max(map(len, text.splitlines())) <= 80
    assert (tmp_path / "out" / "plan.png").read_bytes().startswith(b"\x89PNG")
    status, out, err = flexdrive("run", "out", "--input", "x.npy", "--expect", "y.npy",
                                 "--engine", "rtl")
    assert status == 0, err
    status, _, err = flexdrive("run", "out", "--input", "x.npy", "--layer-check")
    assert status == 1
    assert "was compiled without --layer-check" in err
    status, _, err = flexdrive("run", "out", "--input", "x.npy", "--preset", "paper")
    assert status == 1
    assert "out was made for another chip: rows = 2, not 7" in err
    # An older result is replaced; anything else is left alone.
    assert flexdrive("compile", "net.onnx", "-o", "out", "--layer-check")[0] == 0
    assert flexdrive("run", "out", "--input", "x.npy", "--layer-check")[0] == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    status, _, err = flexdrive("compile", "net.onnx", "-o", "mine")
    assert status == 1
    assert "mine exists and is not a flexdrive-network directory" in err
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(("content", "message"), [
    (b"", "is not a whole .npy file"), (b"\x93NUMPY\x01\x00", "is not a whole .npy file"),
    ("cut", "is not a whole .npy file"), ("missing", "bad.npy: no such file"),
    (np.zeros((2, 3, 6, 4)), "has shape (2, 3, 6, 4); input x takes (N, 3, 6, 5)"),
    (np.zeros((3, 6, 5)), "has shape (3, 6, 5); input x takes (N, 3, 6, 5)"),
    (np.zeros((0, 3, 6, 5)), "N at least 1"),
    (np.zeros((1, 3, 6, 5), np.complex64), "holds complex64, expected numbers"),
    (np.array([["a"]]), "holds <U1, expected numbers"),
])
def test_wrong_inputs(flexdrive, tmp_path, content, message):
    if isinstance(content, np.ndarray):
        np.save("bad.npy", content)
    elif content == "cut":
        (tmp_path / "bad.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-7])
    elif isinstance(content, bytes):
        (tmp_path / "bad.npy").write_bytes(content)
    status, _, err = flexdrive("run", "net.onnx", "--input", "bad.npy", "--output", "z.npy")
    assert status == 1
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "z.npy").exists()


@pytest.mark.usefixtures("network")
def test_output_into_a_missing_directory(flexdrive):
    status, out, err = flexdrive("run", "net.onnx", "--input", "x.npy", "--output", "no/z.npy")
    assert status == 1
    assert "no/z.npy cannot be written: there is no directory no" in err
    assert "cycles" not in out


@pytest.mark.usefixtures("network")
def test_chip_options(flexdrive, tmp_path):
    def error(*options):
        status, _, err = flexdrive("check", "net.onnx", *options)
        assert status == 1
        return err

    (tmp_path / "chip.toml").write_text("[chip]\nrows = 3\nchannels = 2\nfm_words = 1024\n")
    status, out, _ = flexdrive("check", "net.onnx", "--config", "chip.toml", "--adder-depth", 2)
    assert status == 0
    assert "3 x 7 x 2, 1024 words a tile, 4608 weight words, L = 2" in out
    assert "exclude each other" in error("--preset", "tiny", "--config", "chip.toml")
    assert "Chip parameter rows = 0 is not possible: 1 to 255" in error("--rows", 0)
    assert "none.toml: no such file" in error("--config", "none.toml")
    (tmp_path / "bad.toml").write_text("rows = 3\nclms = 2\n")
    assert "bad.toml: clms is no parameter of a chip; there are rows, columns" in error(
        "--config", "bad.toml")
    (tmp_path / "bad.toml").write_text("rows == 3")
    assert "bad.toml is not a TOML file" in error("--config", "bad.toml")
    (tmp_path / "bad.toml").write_text("rows = 'three'")
    assert "Chip parameter rows = 'three'" in error("--config", "bad.toml")
    status, _, err = flexdrive("check", "none.onnx")
    assert status == 1
    assert "none.onnx: no such file" in err


def test_overflow_is_said(flexdrive, tmp_path):
    """A network that binary16 does not hold runs, and says where it left the numbers."""
    builder, image = integer_builder((2, 4, 4))
    x = builder.conv("x", 2, 4, magnitude=64.0, name="fits")
    x = builder.node("Relu", builder.conv(x, 4, 4, magnitude=4096.0, name="overflows"))
    model = builder.model(builder.conv(x, 4, 2, name="after"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    np.save("x.npy", np.concatenate([image * 0, image, image]))
    status, _, err = flexdrive("run", "net.onnx", "--input", "x.npy")
    assert status == 0, err
    assert "warning: image 1, first in layer overflows: " in err
    assert "of 64 values are infinite or no numbers, the first at channel " in err
    assert "binary16 ends at 65504; 1 more image with such values" in err
    np.save("x.npy", image * 0)
    status, _, err = flexdrive("run", "net.onnx", "--input", "x.npy")
    assert (status, "warning" in err) == (0, False)


def test_what_is_gone_is_not_the_hosts(flexdrive, tmp_path):
    builder, _ = integer_builder((3, 6, 5))
    weights = builder.node("Neg", builder.constant(builder.signs(4, 3, 3, 3)))
    model = builder.model(builder.node("Conv", "x", weights, pads=[1] * 4))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    status, out, _ = flexdrive("check", "net.onnx")
    assert status == 0
    assert "1 chip, 0 host, 0 unsupported, 1 gone at import\n" in out
