"""Feature-map memory that the published topologies need: bound and plan, in words of a tile.

    python examples/topologies/memory.py
"""

import re
from dataclasses import replace

import click
from builder import Builder
from networks import NETWORKS

from flexdrive.hyperdrive.config import PRESETS
from flexdrive_deploy.compiler import compile_graph
from flexdrive_deploy.errors import FitError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.partition import analyse

MOST = 65536
EDGES = (7, 10, 13, 14, 28)


def _peak(support, config):
    deployment = compile_graph(support, config, name="network")
    return max(program.peak_words for program in deployment.programs)


def _refused(support, config, words):
    """The words that are alive at once at least, as the refusal of a memory of ``words`` says; 0
    when the maps only lie apart, None when they fit."""
    try:
        _peak(support, replace(config, fm_words=words, fm_banks=1))
    except FitError as error:
        needs = re.search(r"needs (\d+) feature-map words", str(error))
        return int(needs[1]) if needs else 0
    return None


def _line(name, size):
    """(edge of the array, peak in the order of the model, words alive at once in the best order,
    smallest memory), on the smallest array that has room in 65,536 words."""
    model = NETWORKS[name].make(Builder(name, (3, size, size), 0))
    for edge in EDGES:
        config = replace(PRESETS["paper"], rows=edge, columns=edge, fm_words=MOST, halo=2,
                         leaky=True, channelwise=True)
        support = analyse(load_graph(model), config)
        try:
            given = _peak(support, config)
        except FitError:
            continue
        low, high = 2, given
        while low < high:
            middle = (low + high) // 2
            if _refused(support, config, middle) is None:
                high = middle
            else:
                low = middle + 1
        return edge, given, _refused(support, config, low - 1), low
    raise click.ClickException(f"{name} at {size} x {size} needs more than {EDGES[-1]} x "
                               f"{EDGES[-1]} tiles of {MOST}")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--size", type=click.IntRange(min=32),
              help="Height and width of an image, a multiple of 32.  [default: the published]")
def main(size):
    """Print a line for every network: image, array, words of a tile in the order of the model,
    alive at once in the best order, smallest memory that holds the plan, and that for all tiles.
    """
    if size and size % 32:
        raise click.BadParameter(f"{size} is not a multiple of 32", param_hint="--size")
    for name, network in NETWORKS.items():
        pixels = network.size if network.only or not size else size
        edge, given, bound, least = _line(name, pixels)
        print(f"| {name} | {pixels} x {pixels} | {edge} x {edge} | {given:,} | {bound:,} | "
              f"{least:,} | {least * edge * edge:,} |", flush=True)


if __name__ == "__main__":
    main()
