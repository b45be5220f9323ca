"""What of a network runs where and why, as tables."""

import io
from dataclasses import dataclass, replace

from onnx import TensorProto
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from .chip_choice import describe
from .compiled_model import Deployment
from .compiler import compile_first, compile_graph
from .errors import FitError, ModelError
from .host_share import HostShare
from .hyperdrive.diagnostics import obstacles
from .hyperdrive.partition import analyse

__all__ = ["CheckReport"]

_STYLES = {"chip": "green", "host": "yellow", "unsupported": "bold red"}


def _table(placements):
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("node", overflow="fold", max_width=28)
    table.add_column("operation", overflow="fold", max_width=18)
    table.add_column("runs on")
    table.add_column("why", overflow="fold")
    for placement in placements:
        why = placement.reason
        if placement.rewrite:
            why += f"; would pass: {placement.rewrite}"
        table.add_row(placement.name, placement.operation,
                      "-" if placement.gone else placement.where, why,
                      style=_STYLES[placement.where] if placement.where == "unsupported" else None)
    return table


def _obstacles(found):
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("nodes", justify="right")
    table.add_column("not on the chip", overflow="fold", max_width=24)
    table.add_column("because", overflow="fold")
    table.add_column("would pass", overflow="fold")
    for obstacle in found:
        more = " ..." if obstacle.count > 1 else ""
        table.add_row(str(obstacle.count), f"{obstacle.operation} {obstacle.first}{more}",
                      obstacle.reason, obstacle.rewrite or "-",
                      style=_STYLES["unsupported"] if obstacle.unsupported else None)
    return table


def _precision(support):
    """Types in which the host computes, "" when nothing is left for it."""
    graph = support.graph
    host = {placement.name for placement in support.placements if placement.where == "host"}
    kinds = {TensorProto.DataType.Name(graph.types[name]).lower() for node in graph.nodes
             if node.name in host for name in node.outputs if graph.types.get(name)}
    return ", ".join(sorted("float32" if kind == "float" else kind for kind in kinds))


def _larger_array(support, config, mesh):
    """Rows and columns of the smallest multiple of the array that holds the network, or None."""
    for factor in range(2, 9):
        rows, columns = factor * config.rows, factor * config.columns
        if max(rows * (mesh or (1, 1))[0], columns * (mesh or (1, 1))[1]) > 255:
            return None
        try:
            compile_graph(support, replace(config, rows=rows, columns=columns), name="",
                          mesh=mesh)
            return rows, columns
        except FitError:
            continue
    return None


def _would_fit(support, config, mesh):
    """Line that says which array would hold a network, or None."""
    larger = _larger_array(support, config, mesh)
    return larger and "would fit: " + describe(replace(config, rows=larger[0], columns=larger[1]))


@dataclass(frozen=True, eq=False)
class CheckReport:
    """Verdict on a network; prints as tables, in a notebook too.

    Attributes
    ----------
    placements : :class:`~.hyperdrive.partition.Placement` of every node.
    obstacles : what keeps nodes off the chip, summed up.
    precision : types in which the host computes, "" when nothing is left for it.
    deployment : the compiled network, None when it does not run.
    error : why it does not run, or None.
    would_fit : the chip that would hold it, as a line, or None.
    share : :class:`~.host_share.HostShare`, None when it does not run.
    """

    placements: list
    obstacles: list
    precision: str
    deployment: Deployment | None
    error: ModelError | None
    would_fit: str | None
    share: HostShare | None = None

    @classmethod
    def of(cls, graph, configs, *, name, mesh=None):
        """The report of a graph, for the first of ``configs`` that holds it."""
        support = analyse(graph, configs[-1])
        deployment = error = would_fit = None
        try:
            deployment = compile_first(support, configs, name=name, mesh=mesh)
        except ModelError as problem:
            error = problem
            if isinstance(problem, FitError):
                would_fit = _would_fit(support, configs[-1], mesh)
        share = None if deployment is None else HostShare.of(support, deployment)
        return cls(support.placements, obstacles(support.placements), _precision(support),
                   deployment, error, would_fit, share)

    @property
    def runs(self):
        """Whether the network runs."""
        return self.deployment is not None

    def _counts(self):
        left = [placement for placement in self.placements if not placement.gone]
        counts = [f"{sum(placement.where == where for placement in left)} {where}"
                  for where in _STYLES]
        gone = len(self.placements) - len(left)
        return (", ".join(counts) + (f", {gone} gone at import" if gone else "")
                + (f"; the host computes in {self.precision}" if self.precision else ""))

    def _verdict(self):
        if self.deployment is None:
            yield Text(f"does not run: {self.error}", style="bold red")
            if self.would_fit:
                yield Text(self.would_fit)
            return
        programs = self.deployment.programs
        used = max(program.peak_words for program in programs)
        moved = sum(program.input_words + program.output_words for program in programs)
        yield Text(f"runs on {describe(self.deployment.config, self.deployment.mesh)}")
        yield Text(f"uses {used:,} words a tile, {len(programs)} "
                   f"program{'s' if len(programs) > 1 else ''}, {moved:,} words to and from the "
                   "host")

    def __rich__(self):
        parts = [_table(self.placements), Text("\n" + self._counts())]
        if self.obstacles:
            parts += [Text(), _obstacles(self.obstacles), Text()]
        if self.share is not None:
            parts += [self.share.table(), Text()]
        return Group(*parts, *self._verdict())

    def __str__(self):
        console = Console(file=io.StringIO(), width=100, highlight=False)
        console.print(self)
        return console.file.getvalue()

    def __repr__(self):
        verdict = "runs" if self.runs else f"does not run: {self.error}"
        return f"<CheckReport {self._counts()}; {verdict}>"

    def _repr_html_(self):
        console = Console(file=io.StringIO(), width=110, record=True, highlight=False)
        console.print(self)
        return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
