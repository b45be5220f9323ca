"""What the published topologies cost on the chips of ``chips.py``, by the cycle model, as tables in
Markdown; with ``--rtl`` one image of each through the RTL, every word of every layer compared.

    python examples/topologies/table.py
    python examples/topologies/table.py --rtl resnet18 cnv
"""

import time
from dataclasses import replace

import click
import numpy as np
from chips import PLACES
from rich.console import Console

from flexdrive_deploy.host_share import HostShare
from flexdrive_sim.hyperdrive.drive.inference_session import Session
from flexdrive_sim.report import assume, predicted_report
from flexdrive_sim.report.published import COMPARISON, UTILISATION

# Name of a network -> the publication's name of it.
PUBLISHED = {"resnet34": "ResNet-34 224x224", "shufflenet": "ShuffleNet 224x224",
             "yolov3": "YOLOv3 320x320"}


def _published(place):
    """(cycles and utilisation, energies) as published of a network of this size, or dashes."""
    name = PUBLISHED.get(place.network)
    if name is None or not name.endswith(f"{place.size}x{place.size}"):
        return "-", "-"
    (used,) = [row for row in UTILISATION if row.network == name]
    energies = [row for row in COMPARISON if row.network == name and row.voltage == "0.5"
                and row.design == "Hyperdrive"]
    return (f"{used.cycles / 1e6:.4g} M, {used.utilisation:.1%}, {used.operations / 1e9:.3g} GOp"
            f" ({used.mark})", "".join(
                f"{row.core} + {row.io} = {row.total}, {row.efficiency} ({row.mark})"
                for row in energies) or "-")


def costs(place):
    """(HostShare, Report) of a Place."""
    support = place.support()
    deployment = place.deployment(support=support)
    return HostShare.of(support, deployment), predicted_report(deployment, assume())


def _channelwise(report):
    """(cycles, accumulate steps) of the depthwise layers, poolings and layers value by value."""
    names = {entry.name for program in report.deployment.programs
             for entry, descriptor in zip(program.entries, program.descriptors, strict=True)
             if descriptor.channelwise}
    layers = [layer for layer in report.summary.convolutions if layer.entry.name in names]
    return sum(layer.cycles for layer in layers), sum(layer.additions for layer in layers)


def _rows(name):
    """The lines of a network in the two tables."""
    place = PLACES[name]
    share, report = costs(place)
    units, real = report.deployment.units, share.chip_products
    moved = sum(program.input_words + program.output_words
                for program in report.deployment.programs)
    tiles = units // place.config.channels
    used = report.summary.feature_words[0]
    cycles, energies = _published(place)
    apart, others = _channelwise(report)
    sums = f"{(real - others) / (units * (report.layer_cycles - apart)):.1%}"
    yield (f"| {name} | {place.size} x {place.size} | {place.array} | {real / 1e6:,.1f} | "
           f"{share.host_products / 1e6:,.1f} | {report.layer_cycles:,} | {apart:,} | {sums} | "
           f"{real / (units * report.layer_cycles):.1%} | {report.cycles:,} | "
           f"{real / (units * report.cycles):.1%} | {cycles} |")
    yield (f"| {name} | {used:,} | {used * tiles:,} | {moved:,} | {report.io_bits() / 1e6:.2f} | "
           f"{report.io_bits(False) / 1e6:.2f} | {1e3 * report.core_energy():.3f} | "
           f"{1e3 * report.io_energy():.3f} | {1e3 * report.energy():.3f} | "
           f"{report.system_efficiency():.2f} | {report.frame_rate:.1f} | {energies} |")


def _tables(names):
    rows = []
    for name in names:
        rows.append(list(_rows(name)))
        print(rows[-1][0], flush=True)
    print("\n".join(["", *(row[1] for row in rows)]))


def _on_rtl(name, results, words):
    """The line of a network that ran, and was compared, on the RTL."""
    place = PLACES[name]
    if words:
        place = replace(place, config=replace(place.config, fm_words=words))
    deployment = place.deployment(layer_check=not results)
    image = np.random.default_rng([0, 1]).normal(
        0, 1, (1, 3, place.size, place.size)).astype(np.float32)
    session = Session(deployment, "rtl", notify=Console(stderr=True).print)
    begin = time.process_time()
    result = session.run(image)
    seconds = time.process_time() - begin
    if result.difference:
        raise click.ClickException(f"{name}: {result.difference}")
    cycles = sum(chip.cycles for chip in result.chips)
    as_modelled = all(chip.model_holds for chip in result.chips)
    beyond = f"; {result.overflows[0]}" if result.overflows else ""
    return (f"| {name} | {place.size} x {place.size} | {place.array} | "
            f"{sum(chip.compared for chip in result.chips):,} | {cycles:,}"
            f"{'' if as_modelled else ', NOT as modelled'} | {seconds:.0f} |{beyond}")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(PLACES)), metavar="[NAME]...")
@click.option("--rtl", is_flag=True, help="One image of each on the RTL; every word of every layer "
              "is compared with the golden model, every report with the cycle model.")
@click.option("--results", is_flag=True, help="With --rtl: compare what leaves the chip alone.")
@click.option("--words", type=int, metavar="N", help="With --rtl: on chips of N words a tile.")
def main(names, rtl, results, words):
    """Print a line for each NAME (all when none is given) of ``chips.py``."""
    if not rtl:
        _tables(names or PLACES)
        return
    for name in names or PLACES:
        print(_on_rtl(name, results, words), flush=True)


if __name__ == "__main__":
    main()
