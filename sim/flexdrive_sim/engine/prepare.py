"""Bring yosys and the C++ compiler into the user's cache: ``python -m
flexdrive_sim.engine.prepare``. Takes about a minute once; afterwards nothing is left to do."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tools import cxx, run_yosys

__all__ = ["main"]

# Touches what the harness needs of the C++ library, so that all of it is built now.
_PROGRAM = """
#include <fstream>
#include <map>
#include <string>
int f() { std::map<std::string, int> m; return (int)m.size(); }
"""


def main():
    """Run each tool once, both at the same time."""
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "empty.cc"
        source.write_text(_PROGRAM)
        with ThreadPoolExecutor() as pool:
            jobs = [pool.submit(run_yosys, "", cwd=place, what="preparing yosys"),
                    pool.submit(cxx, ["-std=c++17", "-O2", "-shared", "-fPIC", "empty.cc",
                                      "-o", "empty.so"], cwd=place,
                                what="preparing the C++ compiler")]
            for job in jobs:
                job.result()


if __name__ == "__main__":
    main()
