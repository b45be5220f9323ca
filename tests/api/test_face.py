"""``import flexdrive``: costs nothing, every name is there, hardware does not need host code."""

import json
import subprocess
import sys

import pytest

import flexdrive
from flexdrive import flexv, hyperdrive


def _modules_after(code):
    """Names of the modules that a fresh interpreter has loaded after ``code``."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True,
                          text=True)
    return set(json.loads(done.stdout))


def test_import_loads_nothing():
    loaded = _modules_after("import flexdrive")
    assert not {"amaranth", "numpy", "onnx", "onnxruntime", "rich", "click"} & loaded


@pytest.mark.slow
@pytest.mark.parametrize("names", [
    "hyperdrive.Chip", "hyperdrive.Mesh", "hyperdrive.MeshChip", "flexv.Core", "flexv.ObiRam",
    "flexv.WishboneCore", "fp16.Adder"])
def test_hardware_needs_no_host_code(names):
    loaded = _modules_after(f"import flexdrive as fd\nfd.{names}")
    found = {name.partition(".")[0] for name in loaded}
    assert "amaranth" in found
    assert not {"numpy", "onnx", "flexdrive_deploy", "flexdrive_sim", "flexdrive_cli"} & found


@pytest.mark.parametrize("package", [flexdrive, hyperdrive, flexv])
def test_every_name_is_there_and_listed(package):
    assert set(package._FACE) <= set(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'flexdrive' has no attribute 'compyle'"):
        _ = flexdrive.compyle
