"""The CIFAR-10 network: on the chip, close to its float form. Its images are not here, so those of
these tests are random and say nothing about accuracy."""

import importlib.util
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from flexdrive_deploy.chip_choice import read_config
from flexdrive_deploy.compiler import compile_model

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples/cifar10"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """test.tar with two files a class, not in their order: smooth pictures, file 0001 redder."""
    made, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    with tarfile.open(made / "test.tar", "w") as archive:
        for number in (1, 0):
            for name in CLASSES:
                coarse = random.integers(0, 100, (4, 4, 3), dtype=np.uint8)
                coarse[..., 0] += 150 * number
                content = io.BytesIO()
                Image.fromarray(coarse).resize((32, 32)).save(content, "JPEG", quality=90)
                member = tarfile.TarInfo(f"test/{name}/{number:04}.jpg")
                member.size = content.tell()
                content.seek(0)
                archive.addfile(member, content)
    return made


def test_images_are_read_in_the_order_of_classes_and_numbers(directory):
    specification = importlib.util.spec_from_file_location(
        "images", EXAMPLE.parent / "common/images.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    images, labels = module.read_images(directory / "test.tar")
    assert (images.shape, images.dtype) == ((20, 3, 32, 32), np.uint8)
    assert labels.tolist() == [number for number in range(10) for _ in range(2)]
    red = images[:, 0].mean(axis=(1, 2)) - images[:, 1:].mean(axis=(1, 2, 3))
    assert (red[1::2] > 100).all()
    assert (abs(red[::2]) < 50).all()


def test_everything_between_stem_and_head_is_on_the_chip():
    config = read_config(EXAMPLE / "chip.toml")
    deployment = compile_model(onnx.load(EXAMPLE / "cifar10.onnx"), config)
    (program,) = deployment.programs
    names = [entry.name for entry in program.entries]
    assert [name for name in names if not name.startswith("stage")] == ["stem/relu"]
    assert sum("conv" in name for name in names) == 12 + 1       # the last is stored as well
    weights = 2 * 9 * 32 * 32 + 9 * 32 * 64 + 32 * 64 + 3 * 9 * 64 * 64 \
        + 9 * 64 * 128 + 64 * 128 + 3 * 9 * 128 * 128
    assert len(program.weights) * config.channels == weights
    assert program.peak_words == config.fm_words


@pytest.mark.parametrize(("engine", "per_class", "more"), [
    ("golden", 2, ()), ("rtl", 1, ()), ("rtl", 2, ("--frames",))])
def test_engines_are_close_to_the_float_model(directory, engine, per_class, more):
    run = subprocess.run(
        [sys.executable, EXAMPLE / "evaluate.py", "--data", directory, "--engine", engine,
         "--per-class", str(per_class), "--workers", "1", *more],
        capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    (row,) = [line.split() for line in lines
              if line.startswith({"golden": "golden model", "rtl": "RTL "}[engine])]
    images, other, difference = int(row[-5]), int(row[-2]), float(row[-1])
    assert images == 10 * per_class
    assert other <= 1
    assert 0 < difference < 0.1                                  # of logits, up to about 5
    if engine == "rtl":
        # 128 x 8 x 8 words an image leave the chip.
        assert f"{8192 * images:,} words of the RTL compared with the golden model: all equal" \
            in run.stdout
        assert "all as modelled" in run.stdout
