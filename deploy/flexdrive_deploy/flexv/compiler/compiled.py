"""A network compiled to C: files, memory plan, and where its integers go in and come out."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from flexdrive_deploy.errors import FileError, ModelError
from flexdrive_deploy.flexv.firmware import firmware_directory
from flexdrive_deploy.flexv.l1 import DEFAULT_L1
from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.reader import QuantisedNetwork

from .dots import check_compared, dots_of, dots_source
from .listing import listing
from .planner import Plan, make_plan
from .source import network_sources
from .steps import Steps, steps_of
from .sums import sums_of, sums_source
from .xpulp_kernel import XPULP_STYLES

__all__ = ["CompiledNetwork", "compile_network"]

_KERNELS = ("kernels.h", "kernels.c", "platform.h", "share.h", "layers.h", "dots.h", "dots.c",
            "lines.h", "lines.c", "strips.c", "sums.c")
# L1 of a cluster, in bytes.
_L1 = range(4 << 10, (1 << 20) + 1)


@dataclass(eq=False)
class CompiledNetwork:
    """Attributes
    ----------
    network : :class:`~flexdrive_deploy.flexv.network.reader.QuantisedNetwork`.
    steps, plan : kernel calls in order; addresses in L1.
    files : name -> text of network.h, network.c and weights.c.
    inputs, outputs, trace : :class:`~.source.Binding` of each input of ``network.integers``, of
        each tensor that leaves, and of each step's output (of builds with NETWORK_TRACE).
    instructions : as of :func:`compile_network`.
    """

    network: QuantisedNetwork
    steps: Steps = field(repr=False)
    plan: Plan = field(repr=False)
    files: dict = field(repr=False)
    inputs: list
    outputs: list
    trace: list = field(repr=False)
    instructions: str = "flexv"

    @property
    def constant_bytes(self):
        """Of the layers' weights and scales."""
        return sum(4 * len(words) for words, _ in self.plan.chunks.values())

    def all_files(self):
        """name -> text, with kernels and the listing of the plan: all that a compiler needs."""
        kernels = {name: (firmware_directory() / "network" / name).read_text()
                   for name in _KERNELS}
        dots = {each for each in map(dots_of, self.steps.steps) if each is not None}
        if self.instructions in XPULP_STYLES:
            kernels["dots.h"] = f"#define NETWORK_XPULP\n{kernels['dots.h']}"
        sums = {each.kernel for each in map(sums_of, self.steps.steps) if each is not None}
        return self.files | kernels | {"dots.S": dots_source(dots, self.instructions)
                                       + sums_source(sums),
                                       "listing.txt": listing(self.steps, self.plan)}

    def write(self, directory):
        """Write all files.

        Raises
        ------
        FileError
            when the directory cannot be written.
        """
        place = Path(directory)
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name, text in self.all_files().items():
                (place / name).write_text(text)
        except OSError as error:
            raise FileError(f"{place}: cannot be written ({error.strerror or error})") from None


def _compare(step, instructions):
    """Give a step to the kernels of XpulpV2 alone."""
    if isinstance(step.node, ir.Convolution):
        step.compared = True
        step.node = replace(step.node, least_bits=min(8, step.sources[0].lane))
        check_compared(step, instructions)


def compile_network(network, *, l1_bytes=DEFAULT_L1, instructions="flexv"):
    """Compile a quantised network to C.

    Parameters
    ----------
    network : QuantisedNetwork.
    l1_bytes : size of the cluster's L1 that maps and weights may take.
    instructions : of the layers' kernels: "flexv", all of them; "flexv-clear", for cores without
        ``requant_store``, ``requant_ties`` and ``macload_funnel``; to compare with, for
        convolutions of one group, "xpulpv2" or "xpulpv2-extract"
        (:data:`~.xpulp_kernel.XPULP_STYLES`): weights are stored as wide as activations.

    Returns
    -------
    :class:`CompiledNetwork`

    Raises
    ------
    ModelError
        names a node that has no kernel.
    FitError
        names the layer that does not fit into L1, its need, and what would pass.
    """
    if l1_bytes not in _L1:
        raise ModelError(f"An L1 of {l1_bytes} bytes is not possible; {_L1.start} to "
                         f"{_L1.stop - 1} are")
    steps = steps_of(network)
    for step in steps.steps:
        step.ties = step.funnel = instructions == "flexv"
    if instructions not in ("flexv", "flexv-clear"):
        if instructions not in XPULP_STYLES:
            raise ModelError(f"instructions = {instructions!r} are none of flexv, flexv-clear, "
                             + ", ".join(XPULP_STYLES))
        for step in steps.steps:
            _compare(step, instructions)
    plan = make_plan(steps, l1_bytes)
    files, inputs, outputs, trace = network_sources(network.name, steps, plan,
                                                       instructions)
    return CompiledNetwork(network, steps, plan, files, inputs, outputs, trace, instructions)
