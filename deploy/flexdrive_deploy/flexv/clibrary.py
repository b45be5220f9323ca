"""The C library of programs: picolibc, compiled from the sources that its package on PyPI holds.

What is compiled is what picolibc's own CMakeLists.txt files name without conditions, less files
(there are none here), wide characters and data bases. Its configuration is firmware/picolibc.h.
"""

import hashlib
import importlib.metadata
import json
import re
import shutil
from pathlib import Path

from flexdrive.errors import FlexdriveError

from ..cache import kept
from ..tools import run_zig

__all__ = ["CLibrary", "c_library"]

_PACKAGE = "pythondata-software-picolibc"
_DIRECTORIES = ["libc/ctype", "libc/errno", "libc/locale", "libc/machine/riscv", "libc/misc",
                "libc/picolib", "libc/search", "libc/signal", "libc/stdlib", "libc/string",
                "libc/time", "libc/tinystdio", "libm/common", "libm/fenv", "libm/machine/riscv",
                "libm/math"]
_LEFT_OUT = re.compile(
    r"/(f(d|mem|re)?open|sflags|mktemp|tmp|remove|wc[a-z]|wmem|isw|tow|mbs|hash|ndbm|hcreate|"
    r"bsd_|arc4|getopt)[^/]*$|_l\.c$")
# Named under a condition that holds here: __OBSOLETE_MATH_DOUBLE is 0.
_ADDED = ["libm/common/log_data.c"]
_FLAGS = ["-std=gnu17", "-O2", "-w", "-ffreestanding", "-fno-sanitize=all",
          "-fno-stack-protector", "-fno-pic", "-ffunction-sections", "-fdata-sections",
          "-D_COMPILING_NEWLIB"]


class CLibrary:
    """A built library: ``include``, the directory of its headers, and ``archive``."""

    def __init__(self, place):
        self.include, self.archive = place / "include", place / "libc.a"


def c_library(firmware, *, target, cpu, notify=None):
    """The library for the clang target ``target`` and zig's name ``cpu`` of the instruction set,
    from the user's cache or built now, which takes about half a minute.

    Parameters
    ----------
    firmware : directory with picolibc.h and system.c.
    notify : called with a line of text before the build.
    """
    newlib = _sources()
    own = [firmware / "picolibc.h", firmware / "system.c", firmware / "flexv.h"]
    key = hashlib.sha256(json.dumps([
        *(path.read_text() for path in own), Path(__file__).read_text(), target, cpu,
        *(importlib.metadata.version(name) for name in (_PACKAGE, "ziglang")),
    ]).encode()).hexdigest()[:40]

    def make(place):
        _copy_headers(newlib, firmware, place / "include")
        run_zig(["build-lib", "-static", "-target", target, f"-mcpu={cpu}", "-fno-compiler-rt",
                 "--name", "c", "-femit-bin=libc.a", "-cflags", *_FLAGS,
                 *_places(newlib, firmware, place), "--", *_files(newlib),
                 str(firmware / "system.c")], cwd=place, notify=notify,
                what="compiling the C library (picolibc) for Flex-V, once: about half a minute")

    return CLibrary(kept("flexv", key, make))


def _sources():
    """The directory ``newlib`` of the package."""
    try:
        import pythondata_software_picolibc
    except ImportError:
        raise FlexdriveError(f"The C library of programs is not there: pip install "
                             f"{_PACKAGE!r}") from None
    return Path(pythondata_software_picolibc.data_location) / "newlib"


def _files(newlib):
    """Sources that belong to the library."""
    names = list(_ADDED)
    for directory in _DIRECTORIES:
        text = (newlib / directory / "CMakeLists.txt").read_text()
        for words in re.findall(r'^picolibc_sources(?:_flags)?\((?:\s*"[^"]*")?([^)"]*)\)', text,
                                re.MULTILINE):
            names += [f"{directory}/{name}" for name in words.split()]
    return [str(newlib / name) for name in names if not _LEFT_OUT.search(name)]


def _copy_headers(newlib, firmware, include):
    """One directory of headers, as picolibc's installation makes it."""
    no_sources = shutil.ignore_patterns("*.c", "*.S", "*.txt", "*.build")
    for directory in ("libc/include", "libc/machine/riscv"):
        shutil.copytree(newlib / directory, include, dirs_exist_ok=True, ignore=no_sources)
    for name in ("stdio.h", "stdio-bufio.h"):
        shutil.copy(newlib / "libc/tinystdio" / name, include)
    shutil.copy(firmware / "picolibc.h", include)


def _places(newlib, firmware, place):
    """Arguments that say where headers are."""
    include = place / "include"
    return ["-include", str(include / "picolibc.h"), "-isystem", str(include),
            f"-I{newlib / 'libm/common'}", f"-I{newlib / 'libc/locale'}", f"-I{firmware}"]
