"""``flexdrive flexv``: programs for the Flex-V core."""

import sys
from contextlib import nullcontext

import click
from rich.console import Console

from flexdrive.errors import FlexdriveError

from .cluster_options import cluster_options
from .export_option import export_option

__all__ = ["command"]

_console = Console(stderr=True, highlight=False, soft_wrap=True)


@click.group()
def command():
    """Build and run programs for the Flex-V core."""


@command.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="ELF file to write.")
@click.option("-O", "--optimise", default="2", type=click.Choice(["0", "1", "2", "3", "s"]),
              help="Optimisation level.", show_default=True)
@click.option("-T", "--script", type=click.Path(exists=True),
              help="Linker script instead of the one with 1 MB at 0x80000000.")
@click.option("--stack", type=int, metavar="BYTES", help="Size of the stack, by default 64 KB, "
              "in a cluster 4 KB a core.")
@click.option("--cores", type=int, metavar="N", help="For a cluster of at most N cores, with its "
              "start-up code.")
@click.option("--no-start", is_flag=True, help="The sources define _start themselves.")
@click.option("-I", "include", multiple=True, type=click.Path(), help="Directory of headers.")
@click.option("-D", "define", multiple=True, help="Macro: NAME or NAME=VALUE.")
@export_option("the program's memory beside OUTPUT")
def build(sources, output, optimise, script, stack, cores, no_start, include, define, formats):
    """Compile C and assembly SOURCES into a program. The C library is there."""
    from flexdrive_deploy.flexv.firmware import build_program, export_program
    from flexdrive_sim.progress import preparation

    arguments = [*(f"-I{place}" for place in include), *(f"-D{d}" for d in define)]
    with preparation(Console(stderr=True)) as notify:
        build_program(sources, output, optimise=optimise, start=not no_start, script=script,
                      stack=stack, cores=cores, arguments=arguments, notify=notify)
    export_program(output, formats)


@command.command()
@click.argument("program", type=click.Path())
@click.option("--engine", type=click.Choice(["iss", "rtl"]), default="iss", show_default=True,
              help="Instruction-set simulator, or the core's RTL on the compiled engine.")
@click.option("--trace", type=click.Path(),
              help="Write one line per instruction to this file; of a cluster with its core.")
@click.option("--max-cycles", default=100_000_000, show_default=True, type=click.IntRange(1),
              help="Give up after so many cycles (iss: instructions).")
@click.option("--signature", type=click.Path(),
              help="Write the words from begin_signature to end_signature to this file.")
@click.option("--imem-latency", type=int,
              help="Cycles from grant to response of instruction memory (rtl), by default 1.")
@click.option("--dmem-latency", type=int,
              help="Cycles from grant to response of data memory (rtl), by default 1.")
@click.option("--random-stalls", type=int, metavar="SEED",
              help="Random grants and further latency, if not 0 (rtl).")
@click.option("--latency", type=int, metavar="N",
              help="Cycles from grant to answer outside of a cluster.  [default: 6]")
@click.option("--activity", type=click.Path(), metavar="FILE",
              help="Draw what each core of a cluster does over time (PNG, SVG or PDF).")
@cluster_options
def run(program, engine, trace, max_cycles, signature, latency, activity, cluster, **timing):
    """Run PROGRAM until it writes its symbol tohost; 1 there means success.

    With --cores N it runs on the RTL of a cluster.
    """
    if cluster.given:
        if "cores" not in cluster.given:
            raise click.UsageError("options of a cluster need --cores")
        for name, value in (("signature", signature),
                            ("imem-latency", timing["imem_latency"]),
                            ("dmem-latency", timing["dmem_latency"])):
            if value is not None:
                raise click.UsageError(f"a cluster has no --{name}")
        _run_cluster(program, cluster, max_cycles, latency, activity, timing["random_stalls"],
                     trace)
    for name, value in (("latency", latency), ("activity", activity)):
        if value is not None:
            raise click.UsageError(f"--{name} needs --cores")
    from flexdrive_deploy.flexv.elf import load_elf
    from flexdrive_sim.flexv.drive.outcome import signature_span, signature_text

    loaded = load_elf(program)
    timing = {name: value for name, value in timing.items() if value is not None}
    if timing and engine != "rtl":
        option = "--" + next(iter(timing)).replace("_", "-")
        raise FlexdriveError(f"{option} needs --engine rtl: the simulator has no cycles")
    if signature:
        signature_span(loaded)
    with _writable(trace) as file, _writable(signature) as words:
        write = None if file is None else lambda line: file.write(line + "\n")
        if engine == "iss":
            from flexdrive_sim.flexv.drive.run_iss import run_iss

            outcome = run_iss(loaded, max_instructions=max_cycles, trace=write)
        else:
            from flexdrive_sim.flexv.drive.run_rtl import run_rtl
            from flexdrive_sim.progress import preparation

            outcome = run_rtl(loaded, max_cycles=max_cycles, trace=write,
                              preparing=preparation(Console(stderr=True)), **timing)
        if words is not None:
            words.write(signature_text(loaded, outcome.regions))
    _report(outcome)
    sys.exit(0 if outcome.passed else 1)


@command.command()
@click.argument("program", type=click.Path())
def disassemble(program):
    """Print the code of PROGRAM: address, word, instruction, with the names of its functions."""
    from flexdrive_deploy.flexv.elf import load_elf
    from flexdrive_sim.flexv.drive.trace import program_listing

    for line in program_listing(load_elf(program)):
        click.echo(line)


def _run_cluster(program, cluster, max_cycles, latency, activity, random_stalls, trace):
    from flexdrive_deploy.flexv.elf import load_elf
    from flexdrive_sim.flexv.activity import draw, summary
    from flexdrive_sim.flexv.drive.run_cluster import run_cluster
    from flexdrive_sim.progress import preparation

    # What is drawn has at most so many cycles.
    kept = min(max_cycles, 4_000_000) if activity else 0
    with _writable(trace) as file:
        outcome, bench = run_cluster(
            load_elf(program), cluster.config(), max_cycles=max_cycles, latency=latency or 6,
            random_stalls=random_stalls or 0, activity=kept,
            trace=None if file is None else lambda line: file.write(line + "\n"),
            preparing=preparation(Console(stderr=True)))
    if activity:
        draw(bench.activity[:outcome.cycles], activity)
    sys.stdout.buffer.write(outcome.console)
    sys.stdout.flush()
    for line in summary(bench.counts(), outcome.cycles):
        _console.print(line, markup=False)
    _console.print(f"{outcome.verdict} ({outcome.cycles:,} cycles)", markup=False)
    sys.exit(0 if outcome.passed else 1)


def _writable(path):
    """Context of a text file, or of None."""
    if not path:
        return nullcontext()
    try:
        return open(path, "w")
    except OSError as error:
        raise FlexdriveError(f"Cannot write {path}: {error.strerror}") from None


def _report(outcome):
    sys.stdout.buffer.write(outcome.console)
    sys.stdout.flush()
    if not outcome.passed:
        for line in outcome.trace:
            _console.print(line, markup=False)
    cycles = f" in {outcome.cycles:,} cycles" if outcome.cycles is not None else ""
    _console.print(f"{outcome.verdict} ({outcome.instructions:,} instructions{cycles})",
                   markup=False)
