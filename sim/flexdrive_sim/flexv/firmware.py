"""Building programs with the clang that comes with ziglang."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.exports import export

from .elf import load_elf

__all__ = ["BuildError", "build_program", "export_program", "firmware_directory"]

_TARGET = ["-target", "riscv32-freestanding", "-mcpu=generic_rv32+m+c", "-mabi=ilp32"]
# -g: without it -Os drops the symbols, and a run needs `tohost`.
_FLAGS = ["-g", "-ffreestanding", "-fno-sanitize=all", "-fno-stack-protector", "-fno-pic",
          "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-Wall"]


class BuildError(FlexdriveError):
    """The compiler refused a program; the message holds its words."""


def firmware_directory():
    """Where run time, linker script and headers lie: the data of ``flexdrive_firmware``."""
    return Path(str(files("flexdrive_firmware")))


def build_program(sources, output, *, optimise="2", start=True, script=None, arguments=()):
    """Compile and link C and assembly files.

    Parameters
    ----------
    sources : paths of .c and .S files.
    output : path of the ELF file.
    optimise : "0" to "3" or "s".
    start : link the start-up code; without it the sources define ``_start``.
    script : linker script, by default the one with 1 MB at 0x80000000.
    arguments : further arguments of the compiler.
    """
    place = firmware_directory()
    for source in sources:
        if not Path(source).exists():
            raise BuildError(f"There is no file {source}")
    command = [sys.executable, "-m", "ziglang", "cc", *_TARGET, *_FLAGS, f"-O{optimise}",
               f"-I{place}", "-T", str(script or place / "link.ld"),
               *([str(place / "start.S")] if start else []), *map(str, sources),
               "-o", str(output), *arguments]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=False)
    if result.returncode:
        words = "\n".join((result.stderr.strip() or result.stdout.strip()).splitlines()[:40])
        raise BuildError(f"Building {output} failed:\n{words}")
    return Path(output)


def export_program(path, formats):
    """Write the memory of the ELF file ``path`` beside it, in each of ``formats``
    (:mod:`flexdrive_deploy.exports`)."""
    path = Path(path)
    if not formats:
        return
    for name, content in export(path.stem, load_elf(path).image(), formats).items():
        try:
            path.with_name(name).write_bytes(
                content.encode() if isinstance(content, str) else content)
        except OSError as error:
            raise BuildError(f"Cannot write {path.with_name(name)}: {error.strerror}") from None
