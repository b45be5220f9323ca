"""Building programs with the clang that comes with ziglang."""

import tempfile
from importlib.resources import files
from pathlib import Path

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.exports import export
from flexdrive_deploy.tools import ToolError, run_zig

from .clibrary import c_library
from .elf import load_elf

__all__ = ["BuildError", "build_program", "export_program", "firmware_directory"]

_TARGET, _CPU = "riscv32-freestanding", "generic_rv32+m+c"
# -g: without it -Os drops the symbols, and a run needs `tohost`.
# -UNDEBUG: zig defines it where it optimises, and assert would do nothing.
_FLAGS = ["-mabi=ilp32", "-g", "-UNDEBUG", "-fno-sanitize=all", "-fno-stack-protector", "-fno-pic",
          "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-Wall"]


class BuildError(FlexdriveError):
    """The compiler refused a program; the message holds its words."""


def firmware_directory():
    """Where run time, linker script and headers lie: the data of ``flexdrive_firmware``."""
    return Path(str(files("flexdrive_firmware")))


def build_program(sources, output, *, optimise="2", start=True, script=None, stack=None,
                  cores=None, arguments=(), notify=None):
    """Compile and link C and assembly files, with the C library where it can be used.

    Parameters
    ----------
    sources : paths of .c and .S files.
    output : path of the ELF file.
    optimise : "0" to "3" or "s".
    start : link the start-up code; without it the sources define ``_start``, and the compiler
        takes nothing for granted about functions with the names of the C library.
    script : linker script, by default the one with 1 MB at 0x80000000.
    stack : bytes of stack, by default 64 KB, in a cluster 4 KB a core; with the default script.
    cores : 1 to 16: for a cluster with at most so many, with its start-up code (docs/cluster.md).
    arguments : further arguments of the compiler.
    notify : called with a line of text before a slow step.
    """
    place = firmware_directory()
    for source in sources:
        if not Path(source).exists():
            raise BuildError(f"There is no file {source}")
    if stack is not None and not 0 < stack < 1 << 20:
        raise BuildError(f"A stack of {stack} bytes does not fit into 1 MB of memory")
    if cores is not None and not 1 <= cores <= 16:
        raise BuildError(f"A cluster has 1 to 16 cores, not {cores}")
    own = ["start.S"] if cores is None else ["cluster_start.S", "cluster.c"]
    command = ["cc", "-target", _TARGET, f"-mcpu={_CPU}", *_FLAGS,
               "-fhosted" if start else "-ffreestanding", f"-O{optimise}", f"-I{place}",
               "-T", str(script or place / ("link.ld" if cores is None else "cluster.ld")),
               *(str(place / name) for name in own if start), *map(str, sources),
               "-o", str(output), *arguments]
    # Programs in assembly that start themselves need no library.
    if start or any(Path(source).suffix != ".S" for source in sources):
        library = c_library(place, target=_TARGET, cpu=_CPU, notify=notify)
        command += ["-isystem", str(library.include), str(library.archive)]
    with tempfile.TemporaryDirectory() as scratch:
        # Zig's linker does not take --defsym.
        symbols = {"__stack_size": stack, "__cores": cores}
        if any(value is not None for value in symbols.values()):
            sizes = Path(scratch) / "sizes.S"
            sizes.write_text("".join(f".globl {name}\n{name} = {value}\n"
                                     for name, value in symbols.items() if value is not None))
            command.append(str(sizes))
        try:
            run_zig(command, cwd=None, what=f"building {output}")
        except ToolError as error:
            raise BuildError(str(error)) from None
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
