"""Bring yosys and the C++ compiler into the user's cache: ``python -m
flexdrive_sim.engine.prepare``. Takes about a minute once; afterwards nothing is left to do."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tools import cxx, run_yosys

__all__ = ["main"]

def main():
    """Run each tool once, both at the same time."""
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "empty.cc"
        source.write_text("int nothing() { return 0; }\n")
        with ThreadPoolExecutor() as pool:
            jobs = [pool.submit(run_yosys, "", cwd=place, what="preparing yosys"),
                    pool.submit(cxx, ["-O2", "-shared", "-fPIC", "-nostdlib++", "empty.cc",
                                      "-o", "empty.so"], cwd=place,
                                what="preparing the C++ compiler")]
            for job in jobs:
                job.result()


if __name__ == "__main__":
    main()
