"""Quantised networks with the command as a person types it."""

import re
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples/digits"
MODEL = EXAMPLE / "digits_int8.onnx"


@pytest.fixture
def images(flexdrive, tmp_path):
    """x.npy, 20 held-out digits; their classes."""
    data = np.load(EXAMPLE / "heldout.npz")
    np.save("x.npy", data["images"][:20, None].astype(np.float32))
    return data["labels"][:20]


def test_check_lists_places_widths_products_and_weights(flexdrive):
    status, out, _ = flexdrive("check", "--target", "flexv", MODEL)
    assert status == 0
    assert re.search(r"block1/1/conv +Conv +cluster +a8w8 +147,456 +2,304", out)
    assert "runs on the cluster: 828,736 MAC, 37,840 weights" in " ".join(out.split())


def test_check_of_a_network_of_real_values_says_how_to_quantise(flexdrive):
    status, out, _ = flexdrive("check", "--target", "flexv", EXAMPLE / "digits.onnx")
    assert status == 1
    assert "docs/flexv-quantising.md" in " ".join(out.split())


def test_golden_beside_onnxruntime(flexdrive, images):
    status, out, _ = flexdrive("run", "--target", "flexv", MODEL, "--input", "x.npy",
                               "--layer-check", "--output", "z.npy")
    assert status == 0
    assert re.search(r"logits +200 +0 +0.0000% +0 +0\n", out)
    assert (np.load("z.npy").argmax(1) == images).all()


@pytest.mark.slow
def test_c_is_compared_in_every_layer(flexdrive, images):
    status, out, _ = flexdrive("run", "--target", "flexv", MODEL, "--input", "x.npy", "--engine",
                               "c", "--layer-check", "--output", "z.npy")
    assert status == 0
    assert "integers compared with the golden model, all equal" in out
    assert (np.load("z.npy").argmax(1) == images).all()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["golden", "c"])
def test_evaluate_counts_right_answers_and_those_unlike_onnxruntime(flexdrive, images, engine):
    np.save("labels.npy", images)
    status, out, _ = flexdrive("evaluate", "--target", "flexv", MODEL, "--images", "x.npy",
                               "--labels", "labels.npy", "--engine", engine, "--workers", 1)
    assert status == 0
    assert re.search(r"right +20 \(100.00%\)", out)
    assert re.search(r"classes +0 differ from onnxruntime's", out)


@pytest.mark.slow
def test_rtl_is_compared_and_its_cycles_are_told_by_layer(flexdrive, images):
    np.save("x.npy", np.load("x.npy")[:1])
    status, out, _ = flexdrive("run", "--target", "flexv", MODEL, "--input", "x.npy", "--engine",
                               "rtl", "--cores", 3)
    assert status == 0
    assert "10 integers compared with the golden model, all equal" in out
    assert re.search(r"all +828,736 +\d+,\d+ +\d+\.\d", out)


@pytest.mark.slow
def test_report_and_demo_on_the_rtl(flexdrive):
    status, out, _ = flexdrive("report", "--target", "flexv", MODEL, "-o", "made")
    assert status == 0
    assert "10 integers as the golden model" in out
    assert "MAC/cycle" in Path("made/report.html").read_text()
    status, out, _ = flexdrive("demo", "--target", "flexv", "--images", 1, "-o", "shown")
    assert status == 0
    assert re.search(r"golden model +359 of 360 right", out)
    assert Path("shown/network/network.c").exists()


@pytest.mark.slow
def test_compile_writes_c_program_plan_and_listing(flexdrive, tmp_path):
    status, out, _ = flexdrive("compile", "--target", "flexv", MODEL, "-o", "made", "--l1-kb", 64)
    assert status == 0
    assert "of 65,536 bytes of L1" in out
    assert {"kernels.c", "kernels.h", "listing.txt", "network.c", "network.elf", "network.h",
            "plan.png", "platform.h", "weights.c"} <= {each.name for each in Path("made").iterdir()}
    text = Path("made/network.c").read_text()
    assert "// block1/1/conv: Convolution, 16x8x8 -> 16x8x8; kernel 3x3, stride 1x1, a8w8" in text


@pytest.mark.parametrize(("arguments", "words"), [
    (["check", "--target", "flexv", "--rows", 2], "the chip's options: not for --target flexv"),
    (["check", "--quantise-input", "x=1"], "--quantise-input is for --target flexv"),
    (["check", "--target", "flexv", "--quantise-input", "x"], "is not of the form"),
    (["check", "--target", "flexv", "--quantise-input", "x=1"], "has no input 'x'"),
    (["run", "--target", "flexv", "--input", "x.npy", "--engine", "pysim"],
     "--engine pysim: --target flexv has golden, c, iss, rtl"),
    (["run", "--target", "flexv", "--input", "x.npy", "--cores", 2],
     "cores = 2 is for engine = 'rtl'; golden has one"),
    (["run", "--input", "x.npy", "--cores", 2], "--cores is for --target flexv"),
    (["report", "-o", "made", "--cores", 2], "--cores is for --target flexv"),
    (["report", "--target", "flexv", "-o", "made", "--clock", 50],
     "--clock: not for --target flexv"),
    (["report", "--target", "flexv", "-o", "made", "--voltage", 0.65],
     "--voltage: not for --target flexv"),
    (["report", "--target", "flexv", "-o", "made", "--link-width", 4],
     "options of links: not for --target flexv"),
    (["run", "--target", "flexv", "--input", "x.npy", "--retransmit"],
     "options of links: not for --target flexv"),
    (["evaluate", "--images", "x.npy", "--engine", "iss"], "--engine iss is for --target flexv"),
    (["evaluate", "--target", "flexv", "--images", "x.npy", "--labels", "x.npy"],
     "The labels have shape"),
    (["run", "--target", "flexv", "--input", "x.npy", "--weight-interval", 2],
     "--weight-interval: not for --target flexv"),
    (["run", "--input", "x.npy", "--engine", "iss"], "--engine iss is for --target flexv"),
    (["run", "--target", "flexv", "--input", "nothing.npy"], "no such file"),
    (["compile", "--target", "flexv", "-o", "made", "--l1-kb", 4],
     "bytes of L1, of which there are 4,096"),
    (["compile", "--target", "flexv", "-o", "made", "--vectors", "x.npy"],
     "--vectors: not for --target flexv")])
def test_errors_are_one_line(flexdrive, images, arguments, words):
    status, _, errors = flexdrive(*arguments, MODEL)
    assert status == 1
    assert words in errors
    assert errors.count("\n") == 1
