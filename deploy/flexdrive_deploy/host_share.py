"""What the host does of a network, beside the chip: what each refusal costs."""

import time
from dataclasses import dataclass
from math import prod

from rich.table import Table

from .frontend.host_part import HostPart

__all__ = ["HostShare"]

# The shortest of so many runs of a host part counts.
_RUNS = 3


def _products(node, graph):
    """Multiply-adds of a node of the host: those of convolutions and matrix products."""
    if node.domain or node.operation not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return 0
    first, second = (graph.shapes.get(name) for name in node.inputs[:2])
    made = graph.shapes.get(node.outputs[0])
    if first is None or second is None or made is None:
        return 0
    if node.operation == "Conv":
        return prod(made) * prod(second[1:])
    if node.operation == "ConvTranspose":
        return prod(first) * prod(second[1:])
    turned = node.operation == "Gemm" and node.attributes.get("transA", 0)
    return prod(made) * (first[0] if turned else first[-1])


def _seconds(part):
    """Time of a host part on this machine, on one core, from images of zeros."""
    taken = []
    for _ in range(_RUNS):
        begin = time.perf_counter()
        part.check()
        taken.append(time.perf_counter() - begin)
    return min(taken)


@dataclass(frozen=True)
class HostShare:
    """Shares of one image.

    Attributes
    ----------
    host_products, chip_products : multiply-adds on either side.
    words : between host and chip; own : of these the network's own inputs and results, which a
        network without host parts moves as well.
    parts : host parts; programs : of the chip.
    seconds : of the host parts, on one core of this machine.
    """

    host_products: int
    chip_products: int
    words: int
    own: int
    parts: int
    programs: int
    seconds: float

    @classmethod
    def of(cls, support, deployment):
        """The shares of a network that was compiled from a
        :class:`~.hyperdrive.partition.Support`."""
        chip = {node for chain in support.chains for node in chain.nodes}
        chip.update(support.joins, support.averages)
        hosts = [part for part in deployment.parts if isinstance(part, HostPart)]
        programs = deployment.programs
        return cls(
            sum(_products(node, support.graph) for node in support.graph.nodes
                if node not in chip), deployment.additions(),
            sum(program.input_words + program.output_words for program in programs),
            sum(_own_words(program, support.graph) for program in programs),
            len(hosts), len(programs), sum(_seconds(part) for part in hosts))

    @property
    def rest(self):
        """Words that only move because the host computes something."""
        return self.words - self.own

    def table(self, frame=None):
        """The figure, for people; ``frame``: seconds of an image on the chip, where known."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("host and chip")
        for name in ("host", "chip"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("by the host", no_wrap=True)
        table.add_row("multiply-adds", f"{self.host_products:,}", f"{self.chip_products:,}",
                      _bar(self.host_products, self.chip_products))
        table.add_row("words moved", f"{self.rest:,}", f"{self.own:,}",
                      _bar(self.rest, self.own))
        table.add_row("time, one core here", _time(self.seconds), "-" if frame is None else
                      _time(frame), "" if frame is None else _bar(self.seconds, frame))
        table.add_row("parts", str(self.parts), str(self.programs), "")
        table.caption = "words: of inside the network; its own inputs and results"
        table.caption_justify = "left"
        return table


def _own_words(program, graph):
    """Words of a program that are inputs or results of the network."""
    inputs = sum(prod(program.maps[name].shape) for name in program.loads if name in graph.inputs)
    return inputs + sum(prod(program.stored_shape(entry)) for entry, _ in program.stores
                        if (entry.average or entry.reads) in graph.outputs and not entry.probe)


def _time(seconds):
    # Of one width, so that the table is the same from run to run but for the number.
    return f"{1e3 * seconds:9,.3f} ms"


def _bar(host, chip):
    """A share in percent and as a bar of ten."""
    share = host / (host + chip) if host + chip else 0.0
    return f"{share:6.1%} {'█' * round(10 * share)}".rstrip()
