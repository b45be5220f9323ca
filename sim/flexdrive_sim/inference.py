"""Networks from Python: images in, results out, in the form of onnxruntime.

    import flexdrive as fd

    model = fd.compile("digits.onnx", chip="digits", keep_layers=True)
    session = fd.InferenceSession(model, engine="rtl")
    (logits,) = session.run(None, {"images": images})
    trace = session.trace(images[:1])
    trace.layers["block1/1/relu"]        # float16 (N, C, H, W)

What the RTL stores is compared with the golden model in every word; a difference is an error.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.compiled_model import Deployment
from flexdrive_deploy.target import target_of

from .hyperdrive.drive.inference_session import Session, known_engine
from .node_arg import NodeArg, fed_inputs, node_args, selected_outputs
from .progress import Progress

__all__ = ["DifferenceError", "InferenceSession", "NodeArg", "Trace"]


class DifferenceError(FlexdriveError):
    """A word of the hardware is not as the golden model says.

    Attributes
    ----------
    image : number of the image.
    difference : :class:`~.hyperdrive.drive.inference_session.Difference`.
    """

    def __init__(self, engine, image, difference):
        what = ("the program differs from the layers one by one" if engine == "golden" else
                f"{engine} differs from the golden model")
        super().__init__(f"{what}, image {image}: {difference}")
        self.image, self.difference = image, difference


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did with some images.

    Attributes
    ----------
    outputs : name -> (N, ...); float16 where the chip made them, else in the model's precision.
    layers : name of a value -> float16 (N, C, H, W), of everything that left the chip: all layers
        of a model that was compiled with ``keep_layers``, else what the host reads.
    cycles : of one image on the chip, measured; None on the golden model and on boards.
    modelled : the same by the cycle model; what the chip stores only for ``layers`` is in both.
    model_holds : whether the cycle model was right for every image and every report.
    compared : words compared with the golden model (golden engine: with the layers one by one).
    first_difference : the first word that differs
        (:class:`~.hyperdrive.drive.inference_session.Difference`), or None; images behind it are
        not in the trace.
    overflows : of each image, where its values left the numbers of binary16
        (:class:`~.hyperdrive.golden.overflow.Overflow`), in order of execution.
    """

    outputs: dict
    layers: dict
    cycles: int | None
    modelled: int
    model_holds: bool
    compared: int
    first_difference: object
    overflows: list

    def __repr__(self):
        images = len(next(iter(self.outputs.values()), ()))
        cycles = (f"{self.modelled:,} cycles modelled" if self.cycles is None
                  else f"{self.cycles:,} cycles")
        verdict = ("all equal" if self.first_difference is None
                   else f"first difference: {self.first_difference}")
        return (f"<Trace of {images} image{'' if images == 1 else 's'}: {len(self.layers)} layers, "
                f"{cycles} an image, {self.compared:,} words compared, {verdict}>")


class InferenceSession:
    """A compiled network on an engine; with ``target="flexv"``, what makes a
    :class:`~.flexv.session.NetworkSession` of a quantised network.

    Parameters
    ----------
    model : what :func:`flexdrive.compile` returns, or a directory that ``flexdrive compile`` wrote.
    engine : "golden" (numpy), "rtl" (RTL, compiled), "pysim" (RTL on Amaranth's simulator),
        or "board:PORT", a chip behind a cable (docs/bring-up.md).
    options : :class:`flexdrive.hyperdrive.mesh_chip.MeshOptions`, the links of a mesh.
    gates : stream -> :class:`~flexdrive_sim.engine.Gate`, when its words may move.
    progress : of engine and images, as of :class:`~.progress.Progress`; by default shown where a
        person looks at it.
    target : "hyperdrive" or "flexv".

    Raises
    ------
    ModelError, FileError
        when the engine is unknown, or the directory cannot be read.
    """

    def __new__(cls, model, engine="golden", *, target="hyperdrive", **options):
        """A session for the machine ``target``."""
        if target_of(target) == "flexv":
            from .flexv.session import NetworkSession
            return NetworkSession(model, engine, **options)
        return super().__new__(cls)

    def __init__(self, model, engine="golden", *, target="hyperdrive", options=None, gates=None,
                 progress=None):
        known_engine(engine)
        if not isinstance(model, Deployment):
            model = Deployment.load(model)
        self.model, self.engine = model, engine
        self._progress = progress
        with Progress(progress) as shown:
            self._session = Session(model, engine, options=options, gates=gates,
                                    notify=shown.say)

    def __repr__(self):
        return f"<InferenceSession {self.model.name!r} on {self.engine}>"

    def get_inputs(self):
        """The inputs, as :class:`NodeArg`."""
        return node_args(self.model.inputs)

    def get_outputs(self):
        """The results, as :class:`NodeArg`; their shapes are known when they were computed."""
        return [NodeArg(name, ()) for name in self.model.outputs]

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
        DifferenceError
            when the hardware differs from the golden model.
        """
        names, made = selected_outputs(self.model.outputs, output_names), []
        for result in self.results(input_feed):
            if result.difference is not None:
                raise DifferenceError(self.engine, len(made), result.difference)
            made.append(result)
        return [np.concatenate([result.outputs[name] for result in made]) for name in names]

    def trace(self, input_feed):
        """Compute results and keep all that is known of the way there.

        Parameters
        ----------
        input_feed : {name: array (N, ...)}, or the array of a network with one input.

        Returns
        -------
        :class:`Trace`. A difference is told in it, not raised.
        """
        made = list(self.results(input_feed))
        maps = [{name: words for chip in result.chips for name, words in chip.maps.items()}
                for result in made]
        chips = made[0].chips
        return Trace(
            {name: np.concatenate([result.outputs[name] for result in made])
             for name in self.model.outputs},
            {name: np.stack([each[name] for each in maps]).view(np.float16) for name in maps[0]},
            sum(chip.cycles for chip in chips) if all(
                chip.cycles is not None for chip in chips) else None,
            sum(chip.predicted.cycles for chip in chips),
            all(chip.model_holds for result in made for chip in result.chips),
            sum(chip.compared for result in made for chip in result.chips), made[-1].difference,
            [result.overflows for result in made])

    def results(self, input_feed):
        """Compute image by image.

        Parameters
        ----------
        input_feed : as of :meth:`trace`.

        Returns
        -------
        Iterator of :class:`~.hyperdrive.drive.inference_session.ImageResult`, to the first image
        that differs.

        Raises
        ------
        ModelError
            when a name, a shape or a type does not fit, or the results are not those of one image.
        """
        feeds = self._feeds(input_feed)
        count = len(next(iter(feeds.values())))
        with Progress(self._progress) as shown:
            for index in shown.track(range(count), f"{self.model.name} on {self.engine}"):
                result = self._session.run({name: images[index:index + 1]
                                            for name, images in feeds.items()})
                self.model.check_rows(result.outputs, count)
                yield result
                if result.difference is not None:
                    return

    def _feeds(self, feed):
        return self.model.checked_feeds(fed_inputs(self.model.inputs, feed), "The array")
