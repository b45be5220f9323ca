"""A compiled network as a library of this machine, and as a program of the RISC-V core."""

import hashlib
import re
from pathlib import Path

from flexdrive_deploy.flexv.firmware import BuildError, build_program, firmware_directory
from flexdrive_deploy.tools import ToolError, run_zig

__all__ = ["CORE_STACK", "build_cluster_elf", "build_elf", "build_library"]

# Bytes of stack of a core of the cluster.
CORE_STACK = 1024

_MAIN = """// Runs a network once: who runs it writes the inputs before and reads the outputs after.

#include "network.h"

int main(void)
{
	network_run();
	return 0;
}
"""
_CLUSTER_MAIN = """// Runs a network once on the first NETWORK_CLUSTER cores, the others sleep.
// Who runs it writes the inputs before and reads the outputs after.

#include "flexv_cluster.h"
#include "network.h"

static void run(void *data)
{
	(void)data;
	if (core_id() < NETWORK_CLUSTER) network_run();
}

int main(void)
{
	uint32_t cores = (1 << NETWORK_CLUSTER) - 1;
	FLEXV_BARRIER_ARRIVERS[1] = cores;
	FLEXV_BARRIER_TARGETS[1] = cores;
	cluster_fork(run, 0);
	return 0;
}
"""
_SOURCES = ("network.c", "weights.c", "kernels.c")
# Beside these, of cores with dot products.
_DOTS = ("dots.c", "lines.c", "strips.c", "sums.c", "sum_bytes.S", "lookup_words.S",
         "dots.S")
# The memory of the program: what the default has, or more for a network with a trace.
_MEMORY = 1 << 20


def build_library(directory, *, trace=False):
    """Compile the C of ``directory`` for this machine.

    Parameters
    ----------
    directory : where :meth:`~.compiled.CompiledNetwork.write` wrote.
    trace : keep what every step makes.

    Returns
    -------
    path of a shared library.

    Raises
    ------
    BuildError
        holds the compiler's words.
    """
    place = Path(directory)
    # A library of another content has another name: one that is loaded stays loaded.
    content = b"".join((place / name).read_bytes() for name in _SOURCES)
    name = f"network-{hashlib.sha256(content).hexdigest()[:12]}{'-trace' if trace else ''}.so"
    made = place / name
    try:
        run_zig(["cc", "-O2", "-Wall", "-fno-sanitize=all", "-shared", "-fPIC",
                 *(["-DNETWORK_TRACE"] if trace else []),
                 *(str((place / name).resolve()) for name in _SOURCES), "-o",
                 str(made.resolve())], cwd=place)
    except ToolError as error:
        raise BuildError(f"Building {made} failed:\n{error}") from None
    return made


def build_elf(directory, *, trace=False, memory=_MEMORY, notify=None):
    """Compile the C of ``directory`` for the core, with a main that runs the network once.

    Parameters
    ----------
    directory, trace : as of :func:`build_library`.
    memory : bytes of RAM at 0x80000000.
    notify : called with a line of text before a slow step.

    Returns
    -------
    path of the ELF file.

    Raises
    ------
    BuildError
        holds the compiler's words; that of the linker names what does not fit.
    """
    place = Path(directory)
    (place / "main.c").write_text(_MAIN)
    script = place / "network.ld"
    script.write_text(re.sub(r"LENGTH = \w+", f"LENGTH = {memory}",
                             (firmware_directory() / "link.ld").read_text()))
    made = place / ("network_trace.elf" if trace else "network.elf")
    return build_program([place / "main.c", *(place / name for name in (*_SOURCES, *_DOTS))], made,
                         script=script, notify=notify,
                         arguments=["-DNETWORK_DOTS", *(["-DNETWORK_TRACE"] if trace else [])])


def build_cluster_elf(directory, *, cores=8, active=None, trace=False, memory=_MEMORY,
                      notify=None):
    """Compile the C of ``directory`` for a cluster, with a main that runs the network once.

    Parameters
    ----------
    directory, trace, memory, notify : as of :func:`build_elf`.
    cores : of the cluster. active : those that work; None for all.

    Returns
    -------
    path of the ELF file.
    """
    place, active = Path(directory), active or cores
    (place / "main_cluster.c").write_text(_CLUSTER_MAIN)
    script = place / "network_cluster.ld"
    text = (firmware_directory() / "cluster.ld").read_text()
    script.write_text(re.sub(r"(ram \(rwx\) : ORIGIN = \w+, LENGTH =) \w+", rf"\1 {memory}",
                             text))
    made = place / ("network_cluster_trace.elf" if trace else "network_cluster.elf")
    return build_program(
        [place / "main_cluster.c", *(place / name for name in (*_SOURCES, *_DOTS))], made,
        script=script, stack=CORE_STACK, cores=cores, notify=notify,
        arguments=["-DNETWORK_DOTS", f"-DNETWORK_CLUSTER={active}",
                   *(["-DNETWORK_TRACE"] if trace else [])])
