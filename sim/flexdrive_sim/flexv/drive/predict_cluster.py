"""Running a program on the cycle model of the cluster."""

from flexdrive_deploy.flexv.symbols import Symbols

from ..cycles import ClusterCycles
from .devices import CONSOLE
from .outcome import Outcome, verdict_of_tohost
from .run_cluster import outside_regions

__all__ = ["predict_cluster"]


def predict_cluster(program, config, *, max_cycles=100_000_000, latency=6, activity=0, enter=None):
    """Run ``program`` on the cycle model; parameters as of
    :func:`flexdrive_sim.flexv.drive.run_cluster.run_cluster`.

    Returns
    -------
    (:class:`flexdrive_sim.flexv.drive.outcome.Outcome`, :class:`ClusterCycles`)
    """
    symbols, regions = Symbols(program), outside_regions(program, config)
    if enter is not None:
        enter(regions)
    tohost = program.symbol("tohost", "tells when a program is done")
    model = ClusterCycles(config, regions, program.entry, tohost, latency=latency,
                          console=CONSOLE, activity=activity)
    if model.run(max_cycles):
        verdict, passed = verdict_of_tohost(model.exit_value, program, regions, symbols)
    else:
        verdict, passed = f"failed: not finished after {model.cycles:,} cycles", False
    return Outcome(verdict, passed, None, model.cycles, [], model.console, regions), model
