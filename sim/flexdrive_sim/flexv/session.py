"""Quantised networks on the Flex-V cluster from Python, in the form of onnxruntime.

    session = fd.InferenceSession("kws.onnx", target="flexv", engine="golden")
    (scores,) = session.run(None, {"input": words})

What an engine makes is compared with the golden model in every integer; a difference is an error.
"""

import tempfile

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.compiler.compiled import CompiledNetwork, compile_network
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_deploy.flexv.network.reader import QuantisedNetwork
from flexdrive_deploy.flexv.network.second_opinion import differences

from ..node_arg import fed_inputs, node_args, selected_outputs
from .drive.network import CLUSTER, ClusterNetwork, LibraryNetwork, SimulatedNetwork
from .golden.network import results, run
from .verify.network_check import first_difference

__all__ = ["FLEXV_ENGINES", "IntegerDifferenceError", "NetworkSession"]

_BUILT = {"c": LibraryNetwork, "iss": SimulatedNetwork, "rtl": ClusterNetwork}
FLEXV_ENGINES = ("golden", *_BUILT)


class IntegerDifferenceError(FlexdriveError):
    """An engine made another integer than the golden model.

    Attributes
    ----------
    difference : :class:`~.verify.network_check.Difference`, the first.
    """

    def __init__(self, engine, difference):
        super().__init__(f"{engine} differs from the golden model: {difference}")
        self.difference = difference


class NetworkSession:
    """A quantised network on an engine.

    Parameters
    ----------
    model : path of an ONNX file, its bytes, onnx.ModelProto, QuantisedNetwork or CompiledNetwork.
    engine : "golden": exact integers in numpy; "c": the compiled network's C on this machine;
        "iss": its program on the instruction-set simulator, one core; "rtl": on the cluster's RTL.
    cores : that work on the RTL, 1 to 8.
    notify : called with a line of text before a slow step, or None.
    declared : name of an input -> quantiser
        (:func:`~flexdrive_deploy.flexv.network.declared.declared_quantiser`), for inputs that the
        model has no quantizer of.
    layer_check : compare every layer's integers too, not only those that leave; on the RTL every
        layer takes longer then.

    Attributes
    ----------
    cycles : of each image of the last run on the RTL. times, waits : of
        :class:`~.drive.network.ClusterNetwork`.

    Raises
    ------
    ModelError
        when the network does not run on the cluster, or the engine is unknown.
    """

    def __init__(self, model, engine="golden", *, declared=None, layer_check=False, cores=None,
                 notify=None):
        if engine not in FLEXV_ENGINES:
            raise ModelError(f"engine = {engine!r} is none of {', '.join(FLEXV_ENGINES)} of the "
                             "Flex-V cluster")
        compiled = model if isinstance(model, CompiledNetwork) else None
        if compiled is not None:
            self.network = compiled.network
        else:
            self.network = (model if isinstance(model, QuantisedNetwork) else
                            load_network(model, declared=declared))
        self.engine, self._built, self.compared = engine, None, 0
        if cores is not None and engine != "rtl":
            raise ModelError(f"cores = {cores} is for engine = 'rtl'; {engine} has one")
        options = {} if engine != "rtl" else {"cores": cores or CLUSTER.cores}
        if engine != "c":
            options["notify"] = notify
        if engine != "golden":
            self.compiled = compiled or compile_network(self.network)
            # What was loaded needs its files no longer.
            with tempfile.TemporaryDirectory() as place:
                self._built = _BUILT[engine](self.compiled, place, trace=layer_check, **options)

    def __repr__(self):
        return f"<NetworkSession {self.network.name!r} on {self.engine}>"

    @property
    def times(self):
        """Cycles of the parts of each image, see :class:`~.drive.network.ClusterNetwork`."""
        return getattr(self._built, "times", [])

    @property
    def waits(self):
        """Cycles in which cores waited, the same."""
        return getattr(self._built, "waits", None)

    @property
    def cores(self):
        """That work on the RTL, None on other engines."""
        return getattr(self._built, "cores", None)

    @property
    def cycles(self):
        """Of each image of the last run on the RTL."""
        return [int(each[-1] - each[0]) for each in self.times]

    def get_inputs(self):
        """The inputs, as :class:`~flexdrive_sim.node_arg.NodeArg`."""
        return node_args(self.network.inputs)

    def get_outputs(self):
        """The results, as :class:`~flexdrive_sim.node_arg.NodeArg`."""
        return node_args(self.network.outputs)

    def run(self, output_names, input_feed):
        """Compute results.

        Parameters
        ----------
        output_names : list of names, or None for all.
        input_feed : {name: array (N, ...)}, any number of images.

        Returns
        -------
        list of arrays (N, ...) in the order of the names.

        Raises
        ------
        ModelError
            when a name, a shape or a type does not fit; names the input.
        IntegerDifferenceError
            when the engine differs from the golden model.
        """
        names = selected_outputs(self.network.outputs, output_names)
        outputs = self._results(self.images(input_feed))
        return [outputs[name] for name in names]

    def _results(self, images):
        if self._built is None:
            return run(self.network, images)[0]
        made = self._built.run(images)
        _, golden = run(self.network, images, None)
        difference = first_difference(self.compiled, made, golden)
        if difference is not None:
            if self.times:
                difference = difference.on(self.compiled, self.times, self._built.cores)
            raise IntegerDifferenceError(self.engine, difference)
        self.compared = sum(array.size for array in made.values())
        return results(self.network, images, golden | made)

    def layers(self, input_feed):
        """Integers of every tensor: name -> (N, ...) int64; parameters as of :meth:`run`."""
        return run(self.network, self.images(input_feed), None)[1]

    def compare(self, input_feed):
        """Results beside those of onnxruntime.

        Returns
        -------
        (name of an output -> (N, ...), list of
        :class:`~flexdrive_deploy.flexv.network.second_opinion.Difference`).
        """
        images = self.images(input_feed)
        outputs, integers = run(self.network, images, None)
        return outputs, differences(self.network, images, outputs, integers)

    def images(self, feed):
        """{name: float32 (N, ...)} of what a person gives: an array for a network of one input.

        Raises
        ------
        ModelError
            when a name, a shape or a type does not fit; names the input.
        """
        made = {}
        for name, array in fed_inputs(self.network.inputs, feed).items():
            shape = self.network.inputs[name]
            if array.dtype.kind not in "fiub" or array.shape[1:] != shape[1:] or not len(array):
                raise ModelError(f"Input {name} has shape {array.shape} and type {array.dtype}; "
                                 f"the network takes numbers (N, {', '.join(map(str, shape[1:]))})")
            made[name] = array.astype(np.float32)
        if len({len(array) for array in made.values()}) > 1:
            raise ModelError("The inputs hold different numbers of images: " + ", ".join(
                f"{name} {len(array)}" for name, array in made.items()))
        return made
