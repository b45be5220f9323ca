"""Where the cycles of a network on the cluster's RTL go."""

from dataclasses import dataclass

__all__ = ["LayerFigures", "layer_figures"]


@dataclass(frozen=True)
class LayerFigures:
    """One part of a run: a step, or what comes before and behind.

    Attributes
    ----------
    name : of the ONNX node. kernel : what it is, "" of what is no step. macs : products.
    cycles : that it took. bank, event, fetch : of these, mean over all cores of the cluster of
        cycles without a grant of L1, asleep (barriers, transfers, cores that do not work), without
        instructions; None of a run that is too long.
    """

    name: str
    kernel: str
    macs: int
    cycles: int
    bank: float | None
    event: float | None
    fetch: float | None


def layer_figures(session):
    """List of :class:`LayerFigures` of the last image of a NetworkSession on the RTL."""
    times, waits = session.times[-1], session.waits
    parts = [("input", "", 0), *((step.name, type(step.node).__name__, step.node.macs)
                                 for step in session.compiled.steps.steps), ("output", "", 0)]
    found = []
    for index, part in enumerate(parts):
        # In the order of cluster_bench.WAITS.
        bank, _, event, fetch = ((None,) * 4 if waits is None else
                                 map(float, waits[index].mean(0)))
        found.append(LayerFigures(*part, int(times[index + 1] - times[index]), bank, event, fetch))
    return found
