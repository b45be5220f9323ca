"""``flexdrive verilog``: Verilog of a component."""

import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from .chip_options import chip_options
from .cluster_options import cluster_options
from .core_options import core_options
from .link_options import link_options

__all__ = ["command", "parameter"]


def _list_targets(context, _parameter, wanted):
    if not wanted or context.resilient_parsing:
        return
    from flexdrive_deploy.hdl.targets import TARGETS

    table = Table("target", "what", "options", box=None, pad_edge=False, header_style="bold")
    options = {"tile": "--preset, --rows ...",
               "chip": "--preset, --rows ..., --mesh, --link-width ...",
               "bus": "--preset, --rows ...",
               "mesh": "--mesh HxW, --preset ..., --link-width ...",
               "depth": "--depth", "dot": "--structure",
               "core": "--extensions, --rvfi ...",
               "cluster": "--cores, --banks ..., --extensions ..."}
    for target in TARGETS.values():
        table.add_row(target.name, target.summary, options[target.kind])
    Console(highlight=False).print(table)
    context.exit()


@click.command(name="verilog")
@click.option("--list", is_flag=True, expose_value=False, is_eager=True, callback=_list_targets,
              help="List the targets and end.")
@click.argument("target")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Directory for the files; made if it is missing.")
@click.option("--depth", type=int, metavar="N",
              help="Pipeline depth of an arithmetic target.  [default: 1]")
@chip_options
@link_options(crossing=True)
@core_options
@cluster_options
@click.option("--rtlil", is_flag=True, help="Write the RTLIL as well.")
def command(target, output, depth, chip, links, core, cluster, rtlil):
    """Write Verilog of TARGET: the module, its description in JSON (configuration, ports, names)
    and a sample instantiation.

    A chip is --preset paper (7 x 7 tiles x 16 channels) unless options say otherwise.
    """
    from flexdrive_deploy.hdl.package import make_package, write_package
    from flexdrive_deploy.hdl.targets import target_named

    start = time.monotonic()
    target = target_named(target)
    value = parameter(target, depth, chip, links, core, cluster)
    console = Console(stderr=True, highlight=False)
    with console.status("emitting") as status:
        package = make_package(target, value, rtlil=rtlil, notify=status.update)
        write_package(package, output)
    table = Table("file", "kB", box=None, pad_edge=False, header_style="bold")
    table.columns[1].justify = "right"
    for name, text in package.files.items():
        table.add_row(str(output / name), f"{len(text.encode()) / 1000:.1f}")
    printer = Console(highlight=False)
    printer.print(table)
    printer.print(f"{package.modules} modules, {time.monotonic() - start:.1f} s")


def parameter(target, depth, chip, links, core, cluster):
    """The parameter of the target from the options; those of other targets are refused."""
    if target.kind != "cluster":
        cluster.refuse(target.name)
    if target.chip:
        from flexdrive_deploy.hdl.targets import MeshValue

        if depth is not None:
            raise click.UsageError(f"{target.name} has no --depth; the pipeline depth of a "
                                   f"chip's adders is --adder-depth")
        core.refuse(target.name)
        if target.kind == "mesh":
            return MeshValue(chip.config(), chip.mesh_size(), links.options(chip))
        if chip.size is not None:
            raise click.UsageError(f"{target.name} is part of one chip; write --mesh without a "
                                   f"size, or take hyperdrive-mesh")
        if (target.kind == "tile" and links.given) or (
                target.kind == "bus" and (chip.mesh or links.given)):
            raise click.UsageError(f"{target.name} has no links")
        if chip.mesh and target.kind == "chip":
            return MeshValue(chip.config(), None, links.options(chip))
        links.options(chip)     # refuses them without --mesh
        return chip.config()
    if chip.given or chip.mesh or links.given:
        only = {"depth": "its only parameter is --depth",
                "dot": "its only parameter is --structure",
                "core": "it has --extensions, --fetch-words, --dot-structure, "
                        "--registers and --rvfi",
                "cluster": "it has --cores, --banks and others of a cluster, and those of a "
                           "flexv-core"}
        raise click.UsageError(f"{target.name} is no chip; {only[target.kind]}")
    if depth is not None and target.kind != "depth":
        raise click.UsageError(f"{target.name} has no --depth")
    if target.kind == "core":
        return core.config(target.name)
    if target.kind == "cluster":
        return cluster.config(core.config(target.name))
    core.refuse(target.name, allowed=("structure",) if target.kind == "dot" else ())
    if target.kind == "dot":
        return core.given.get("structure", target.example)
    return 1 if depth is None else depth
