"""What the cores of a cluster do over time, as a table and as a picture."""

import numpy as np

from flexdrive.errors import FlexdriveError

from .drive.cluster_bench import WAITS

__all__ = ["draw", "shares", "summary"]

_NAMES = {"compute": "computes", "bank": "waits for a bank", "outside": "waits for the outside",
          "event": "waits for an event", "fetch": "waits for instructions"}
_COLOURS = ("#2a7f4f", "#d1495b", "#edae49", "#c9ccd1", "#3d6fb6")
_COLUMNS = 1200


def summary(counts, cycles):
    """Lines of a table: for each core the share of its cycles that it waited for something.

    Parameters
    ----------
    counts : array (core, kind of :data:`.drive.cluster_bench.WAITS`). cycles : of the run.
    """
    yield "core  " + "  ".join(f"{_NAMES[name]:>22}" for name in WAITS)
    for core, row in enumerate(counts):
        yield f"{core:4}  " + "  ".join(f"{100 * value / max(1, cycles):20.1f} %" for value in row)


def shares(activity, columns=_COLUMNS):
    """For each core and each of at most ``columns`` stretches of time the share of its cycles in
    which it computes, waits for a bank, the outside, an event, instructions: array (core, stretch,
    5). Of two at once the last one counts.

    Parameters
    ----------
    activity : array (cycle, core) of bits of :data:`.drive.cluster_bench.WAITS`.
    """
    cycles, cores = activity.shape
    # The highest bit of what is there, 0 for none.
    kinds = np.zeros(16, np.int64)
    for i in range(len(WAITS)):
        kinds[1 << i:2 << i] = i + 1
    state = kinds[activity & 15]
    edges = np.unique(np.linspace(0, cycles, min(columns, cycles) + 1).astype(int))
    result = np.zeros((cores, len(edges) - 1, len(WAITS) + 1))
    for kind in range(len(WAITS) + 1):
        total = np.concatenate([np.zeros((1, cores)), np.cumsum(state == kind, axis=0)])
        result[:, :, kind] = (np.diff(total[edges], axis=0) / np.diff(edges)[:, None]).T
    return result


def draw(activity, path):
    """Write the picture to ``path``. Raises :class:`FlexdriveError` when that is not possible."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not len(activity):
        raise FlexdriveError("There are no cycles to be drawn")
    found = shares(activity)
    cores = len(found)
    figure = Figure(figsize=(12, 1 + 0.5 * cores), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(cores, 1, sharex=True, squeeze=False)[:, 0]
    time = np.linspace(0, len(activity), found.shape[1])
    for core, (axis, values) in enumerate(zip(axes, found, strict=True)):
        axis.stackplot(time, values.T, colors=_COLOURS, labels=list(_NAMES.values()))
        axis.set(ylim=(0, 1), xlim=(0, len(activity)), yticks=[])
        axis.set_ylabel(str(core), rotation=0, va="center", labelpad=10)
    axes[-1].set_xlabel("cycles")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise FlexdriveError(f"Cannot write {path}: {error}") from None
