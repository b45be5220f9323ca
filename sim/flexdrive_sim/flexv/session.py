"""Quantised networks on the Flex-V cluster from Python, in the form of onnxruntime.

    session = fd.InferenceSession("kws.onnx", target="flexv", engine="golden")
    (scores,) = session.run(None, {"input": words})
"""

import numpy as np

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_deploy.flexv.network.reader import QuantisedNetwork
from flexdrive_deploy.flexv.network.second_opinion import differences

from .golden.network import run

__all__ = ["FLEXV_ENGINES", "NetworkSession"]

FLEXV_ENGINES = ("golden",)


class NetworkSession:
    """A quantised network on an engine.

    Parameters
    ----------
    model : path of an ONNX file, its bytes, onnx.ModelProto, or QuantisedNetwork.
    engine : "golden": exact integers in numpy.
    declared : name of an input -> quantiser
        (:func:`~flexdrive_deploy.flexv.network.declared.declared_quantiser`), for inputs that the
        model has no quantizer of.

    Raises
    ------
    ModelError
        when the network does not run on the cluster, or the engine is unknown.
    """

    def __init__(self, model, engine="golden", *, declared=None):
        if engine not in FLEXV_ENGINES:
            raise ModelError(f"engine = {engine!r} is none of {', '.join(FLEXV_ENGINES)} of the "
                             "Flex-V cluster")
        self.network = (model if isinstance(model, QuantisedNetwork) else
                        load_network(model, declared=declared))
        self.engine = engine

    def __repr__(self):
        return f"<NetworkSession {self.network.name!r} on {self.engine}>"

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
        """
        names = list(self.network.outputs if output_names is None else output_names)
        for name in names:
            if name not in self.network.outputs:
                raise ModelError(f"The network has no output {name!r}; it has "
                                 + ", ".join(self.network.outputs))
        outputs, _ = run(self.network, self.images(input_feed))
        return [outputs[name] for name in names]

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
        wanted = self.network.inputs
        if not isinstance(feed, dict):
            feed = dict.fromkeys(list(wanted)[:1], feed)
        for name in feed:
            if name not in wanted:
                raise ModelError(f"The network has no input {name!r}; it takes {', '.join(wanted)}")
        made = {}
        for name, shape in wanted.items():
            if name not in feed:
                raise ModelError(f"Input {name} is missing; the network takes {', '.join(wanted)}")
            array = np.asarray(feed[name])
            if array.dtype.kind not in "fiub" or array.shape[1:] != shape[1:] or not len(array):
                raise ModelError(f"Input {name} has shape {array.shape} and type {array.dtype}; "
                                 f"the network takes numbers (N, {', '.join(map(str, shape[1:]))})")
            made[name] = array.astype(np.float32)
        if len({len(array) for array in made.values()}) > 1:
            raise ModelError("The inputs hold different numbers of images: " + ", ".join(
                f"{name} {len(array)}" for name, array in made.items()))
        return made
