"""A network made ready: parts for the host and programs for the chip, in order."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import FileError, ModelError
from .files import load_directory, pack_directory, save_directory, unpack_directory
from .frontend.host_part import HostPart
from .hyperdrive.disassembly import listing
from .hyperdrive.ir import ChipGraph
from .hyperdrive.program import Program, config_hash

__all__ = ["ChipPart", "Deployment"]

KIND = "flexdrive-network"
FORMAT_VERSION = 6


@dataclass(eq=False)
class ChipPart:
    """One program. ``graph`` is known when it was compiled in this process, None when it was
    loaded."""

    program: Program
    graph: ChipGraph | None = None

    @property
    def inputs(self):
        """Names of the values it reads."""
        return self.program.loads

    @property
    def outputs(self):
        """Names of the values it makes for others."""
        return [entry.average or entry.reads for entry, _ in self.program.stores
                if not entry.probe]


@dataclass(eq=False)
class Deployment:
    """A network for one chip.

    Attributes
    ----------
    name : of the network.
    config : ChipConfig.
    parts : list of HostPart and ChipPart, in order of execution.
    inputs : name -> shape (1, ...) of the network's inputs.
    outputs : names of its results.
    layer_check : whether its programs store every layer for comparison.
    """

    name: str
    config: object
    parts: list
    inputs: dict
    outputs: list
    layer_check: bool = False

    @property
    def programs(self):
        """The programs of all chip parts, in order."""
        return [part.program for part in self.parts if isinstance(part, ChipPart)]

    @property
    def mesh(self):
        """(height, width) of the mesh of chips, None for a single chip."""
        return self.programs[0].mesh if self.programs else None

    @property
    def units(self):
        """Accumulate units of all chips."""
        return self.programs[0].array.units

    def checked_images(self, array, where="The input"):
        """``array`` as images (N, ...) of the network's one input.

        Raises
        ------
        ModelError
            names the shape or type that differs, and what would pass.
        """
        if len(self.inputs) != 1:
            raise ModelError(f"The network has {len(self.inputs)} inputs "
                             f"({', '.join(self.inputs)}); one is possible here")
        (name, shape), = self.inputs.items()
        return self._checked(name, shape, array, where)

    def checked_feeds(self, feed, where="The input"):
        """``feed``, name -> array for each input or the array of the only one, as name -> images
        (N, ...), as many of each.

        Raises
        ------
        ModelError
            as of ``checked_images``; names what is missing, unknown or of another number.
        """
        if not isinstance(feed, dict):
            return {next(iter(self.inputs)): self.checked_images(feed, where)}
        for name in feed:
            if name not in self.inputs:
                raise ModelError(f"{where}: the network has no input {name}; it takes "
                                 f"{', '.join(self.inputs)}")
        for name in self.inputs:
            if name not in feed:
                raise ModelError(f"{where}: input {name} is missing; the network takes "
                                 f"{', '.join(self.inputs)}")
        several = len(self.inputs) > 1
        checked = {name: self._checked(name, shape, feed[name],
                                       f"{where}, {name}" if several else where)
                   for name, shape in self.inputs.items()}
        counts = {name: len(array) for name, array in checked.items()}
        if len(set(counts.values())) > 1:
            said = ", ".join(f"{count} of {name}" for name, count in counts.items())
            raise ModelError(f"{where} holds {said}; as many images of each are needed")
        return checked

    @staticmethod
    def _checked(name, shape, array, where):
        wanted = "(N, " + ", ".join(str(size) for size in shape[1:]) + ")"
        if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
            raise ModelError(f"{where} has type {array.dtype}; input {name} takes numbers "
                             f"(floating point or integer) of shape {wanted}")
        if array.shape[1:] != shape[1:] or array.ndim != len(shape) or len(array) == 0:
            raise ModelError(f"{where} has shape {array.shape}; input {name} takes {wanted}, "
                             "N at least 1")
        return array

    @staticmethod
    def check_rows(outputs, images):
        """ModelError when results of several ``images`` cannot be put behind each other, since one
        (``outputs``: name -> array, of an image) has no axis for them."""
        for name, array in outputs.items():
            if images > 1 and array.shape[:1] != (1,):
                raise ModelError(f"Output {name} has shape {array.shape} for one image, without an "
                                 "axis for images. What would pass: one image at a time, or an "
                                 "output (1, ...)")

    def save(self, path, extra=None):
        """Write as a directory with a readable ``listing.txt``; ``extra`` files, name -> bytes,
        are for people too."""
        parts, files = [], {"listing.txt": listing(self), **(extra or {})}
        for index, part in enumerate(self.parts):
            if isinstance(part, HostPart):
                name = f"{index}-host.onnx"
                parts.append({"where": "host", "file": name})
                files[name] = part.to_bytes()
            else:
                manifest, contents = part.program.to_files(f"{index}-chip-")
                parts.append({"where": "chip", **manifest})
                files |= contents
        manifest = {"name": self.name, "config_hash": config_hash(self.config),
                    "inputs": self.inputs, "outputs": self.outputs,
                    "layer_check": self.layer_check, "parts": parts}
        save_directory(path, KIND, FORMAT_VERSION, manifest, files)

    @classmethod
    def load(cls, path, config=None):
        """Read a directory.

        Parameters
        ----------
        config : ChipConfig that it must have been made for, or None.

        Raises
        ------
        FileError
            when it is damaged, of another format, or made for another chip.
        """
        manifest, files = load_directory(path, KIND, FORMAT_VERSION)
        try:
            parts = [HostPart.from_bytes(part["file"], files[part["file"]])
                     if part["where"] == "host" else
                     ChipPart(Program.from_files(path, part, files, config))
                     for part in manifest["parts"]]
            inputs = {name: tuple(shape) for name, shape in manifest["inputs"].items()}
            made = cls(manifest["name"], None, parts, inputs, manifest["outputs"],
                       manifest["layer_check"])
            made.config = made.programs[0].config
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise FileError(f"{path}: the manifest is damaged ({type(error).__name__}: {error})"
                            ) from None
        return made

    def to_bytes(self):
        """All of it in one piece, for other processes and machines; equal for equal networks."""
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "network"
            self.save(path)
            return pack_directory(path)

    @classmethod
    def from_bytes(cls, content, place):
        """The inverse; ``place`` is an empty directory to unpack into."""
        unpack_directory(content, place)
        return cls.load(place)

    def additions(self):
        """Accumulate steps of one image on the chip."""
        return sum(program.additions(entry, descriptor) for program in self.programs
                   for entry, descriptor in zip(program.entries, program.descriptors,
                                                strict=True))
