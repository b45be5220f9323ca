"""The command as a person types it, in a directory with a network."""

import sys

import numpy as np
import onnxruntime
import pytest

from flexdrive_cli import main

from ..deploy.onnx_models import integer_builder


@pytest.fixture
def flexdrive(monkeypatch, capsys, tmp_path):
    """Runs the command in an empty directory: (status, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["flexdrive", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as error:
            status = error.code or 0
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return status, captured.out, captured.err

    return command


@pytest.fixture
def network(flexdrive, tmp_path):
    """net.onnx, x.npy and y.npy (float16) in the directory: two layers, exact data."""
    builder, image = integer_builder((3, 6, 5))
    x = builder.node("Relu", builder.conv("x", 3, 5, name="first"))
    model = builder.model(builder.conv(x, 5, 3, 3, 2, name="second"))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    images = np.concatenate([image, -image])
    wanted = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": images})[0]
    np.save("x.npy", images)
    np.save("y.npy", wanted.astype(np.float16))
    return wanted
