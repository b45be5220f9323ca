"""What of a network runs on the cluster, on the host or nowhere, as a table."""

import io
from dataclasses import dataclass

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from flexdrive_deploy.errors import ModelError

from .reader import QuantisedNetwork, examine

__all__ = ["NetworkReport"]

_PLACES = ("cluster", "host", "unsupported")


def _table(placements):
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("node", overflow="fold", max_width=28)
    table.add_column("operation", overflow="fold", max_width=18)
    table.add_column("runs on")
    table.add_column("bits")
    table.add_column("MAC", justify="right")
    table.add_column("weights", justify="right")
    table.add_column("why", overflow="fold")
    for each in placements:
        why = each.reason + (f"; would pass: {each.rewrite}" if each.rewrite else "")
        table.add_row(each.name, each.operation, each.where, each.precision,
                      f"{each.macs:,}" if each.macs else "",
                      f"{each.weights:,}" if each.weights else "", why,
                      style="bold red" if each.where == "unsupported" else None)
    return table


@dataclass(frozen=True, eq=False)
class NetworkReport:
    """Verdict on a network for the Flex-V cluster; prints as a table.

    Attributes
    ----------
    placements : :class:`~.reader.Placement` of every node, in the model's order.
    network : the :class:`~.reader.QuantisedNetwork`, None when it does not run.
    error : why it does not run, or None.
    """

    placements: list
    network: QuantisedNetwork | None
    error: ModelError | None

    @classmethod
    def of(cls, graph, *, name="network", declared=None):
        """The report of an ``onnx_graph.Graph``; parameters as of ``read_network``."""
        return cls(*examine(graph, name=name, declared=declared))

    @property
    def runs(self):
        """Whether the network runs."""
        return self.network is not None

    def _counts(self):
        counts = [f"{sum(each.where == where for each in self.placements)} {where}"
                  for where in _PLACES]
        gone = sum(each.where == "gone" for each in self.placements)
        return ", ".join(counts) + (f", {gone} gone at import" if gone else "")

    def _verdict(self):
        if self.network is None:
            return Text(f"does not run: {self.error}", style="bold red")
        maps = sum(tensor.size * tensor.lane // 8
                   for tensor in self.network.integers.tensors.values() if tensor.lane <= 16)
        return Text(f"runs on the cluster: {self.network.macs:,} MAC, {self.network.weights:,} "
                    f"weights, maps of {maps:,} bytes in all")

    def __rich__(self):
        return Group(_table(self.placements), Text("\n" + self._counts()), self._verdict())

    def __str__(self):
        console = Console(file=io.StringIO(), width=120, highlight=False)
        console.print(self)
        return console.file.getvalue()

    def __repr__(self):
        verdict = "runs" if self.runs else f"does not run: {self.error}"
        return f"<NetworkReport {self._counts()}; {verdict}>"
