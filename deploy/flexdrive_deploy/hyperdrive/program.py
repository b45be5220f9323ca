"""A program of the chip: descriptors, weight stream and what they mean."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from math import prod

import numpy as np

from flexdrive.errors import ConfigurationError, StreamError
from flexdrive.hyperdrive.config import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import encode, iterate
from flexdrive.hyperdrive.descriptor.fields import VERSION, Operation

from ..errors import FileError, ModelError
from ..files import array_bytes, array_from, load_directory, save_directory
from .ir import half_bits
from .mesh_borders import split_program, whole_config, without_borders
from .streams import chip_streams

__all__ = ["Entry", "MapPlace", "Program", "config_hash"]

KIND = "flexdrive-program"
FORMAT_VERSION = 6


def config_hash(config):
    """16 hex digits that name a configuration and the descriptor version."""
    text = json.dumps({**asdict(config), "descriptor": VERSION}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class MapPlace:
    """A map: shape (channels, height, width), first word and tile edges (rows, columns).

    ``pitch`` : words from a pixel to the next, channels of the map that it is part of; ``first`` :
    its first channel there."""

    shape: tuple
    base: int
    tile: tuple
    pitch: int
    first: int = 0

    @property
    def words(self):
        """Words in each tile from its first to its last."""
        return (self.tile[0] * self.tile[1] - 1) * self.pitch + self.shape[0]

    @property
    def size(self):
        """Words of the real map: channels x height x width."""
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass(frozen=True)
class Entry:
    """What one descriptor does: the layer's name and the maps it reads and writes.

    ``probe`` marks a STORE that is there only to be compared; ``average`` names what a STORE of
    scaled sums gives."""

    name: str
    operation: Operation
    reads: str | None = None
    writes: str | None = None
    bypass: str | None = None
    probe: bool = False
    average: str | None = None


@dataclass(frozen=True, eq=False)
class Program:
    """Everything that a chip needs to run one graph.

    Attributes
    ----------
    config : ChipConfig it was made for.
    commands : list of Command, descriptors with their payloads (uint32); for a mesh those of the
        whole image, which :meth:`chip_commands` cuts.
    weights : uint32 (n, weight_chunks), weight words in stream order, lowest chunk first.
    entries : list of Entry, one for each command.
    maps : name -> MapPlace.
    peak_words : feature-map words of a tile in use at most.
    mesh : (height, width) of the mesh of chips, or None for a single chip.
    """

    config: ChipConfig
    commands: list
    weights: np.ndarray
    entries: list
    maps: dict
    peak_words: int
    mesh: tuple | None = None

    @property
    def array(self):
        """ChipConfig of the one chip that computes the same: with the tiles of all chips."""
        return whole_config(self.config, *self.mesh) if self.mesh else self.config

    @property
    def array_commands(self):
        """``commands`` for that chip."""
        return without_borders(self.commands) if self.mesh else self.commands

    @cached_property
    def words(self):
        """uint32 (n,), the stream of all commands."""
        return np.array(encode(self.commands), np.uint32)

    def chip_commands(self):
        """(y, x) -> commands of each chip of the mesh."""
        if not self.mesh:
            return {(0, 0): self.commands}
        height, width = self.mesh
        return split_program(self.config, height, width, self.commands)

    def chip_words(self):
        """(y, x) -> uint32 (n,), the stream of each chip of the mesh."""
        return {at: np.array(encode(commands), np.uint32)
                for at, commands in self.chip_commands().items()}

    @property
    def descriptors(self):
        """List of the descriptors, in order."""
        return [command.descriptor for command in self.commands]

    def weight_words(self, entry, descriptor):
        """Words of the weight stream that an entry takes."""
        if entry.operation != Operation.CONV:
            return 0
        blocks = -(-descriptor.out_channels // self.config.channels)
        return blocks * descriptor.taps * descriptor.weight_channels

    def additions(self, entry, descriptor):
        """Real accumulate steps of an entry: outputs x taps x input channels of an output, padding
        included."""
        if entry.operation != Operation.CONV:
            return 0
        _, height, width = self.maps[entry.writes].shape
        inputs = 1 if descriptor.channelwise else descriptor.in_channels
        return descriptor.out_channels * height * width * descriptor.taps * inputs

    @property
    def loads(self):
        """Names of the maps that are sent to the chip, in order."""
        return [entry.writes for entry in self.entries if entry.operation == Operation.LOAD]

    @property
    def stores(self):
        """(entry, first word in the output stream) of every STORE, in order."""
        found, position = [], 0
        for entry in self.entries:
            if entry.operation == Operation.STORE:
                found.append((entry, position))
                position += prod(self.stored_shape(entry))
        return found

    def stored_shape(self, entry):
        """(channels, rows, columns) of the words of a STORE: the map, or a pixel of each chip's
        average."""
        place = self.maps[entry.reads]
        if entry.average is None:
            return place.shape
        patch = self.patch(entry)
        return (place.shape[0], *(-(-size // edge) for size, edge in
                                  zip(place.shape[1:], patch, strict=True)))

    def patch(self, entry):
        """(rows, columns) of the map of a STORE that a chip holds at most."""
        tile = self.maps[entry.reads].tile
        return self.config.rows * tile[0], self.config.columns * tile[1]

    @property
    def input_words(self):
        """Words of the stream to the chip."""
        return sum(self.maps[name].size for name in self.loads)

    @property
    def output_words(self):
        """Words of the stream from the chip."""
        return sum(prod(self.stored_shape(entry)) for entry, _ in self.stores)

    def pack(self, maps):
        """Maps (name -> uint16 (channels, height, width)) -> uint16 (n,), stream to the chip.

        Raises
        ------
        ModelError
            when a map is missing or has another shape or type.
        """
        parts = [np.empty(0, np.uint16)]
        for name in self.loads:
            wanted = self.maps[name].shape
            if name not in maps:
                raise ModelError(f"Input map {name} {wanted} is missing")
            if maps[name].shape != wanted or maps[name].dtype != np.uint16:
                raise ModelError(f"Input map {name} is {maps[name].dtype} {maps[name].shape}, "
                                 f"expected uint16 {wanted}")
            parts.append(maps[name].transpose(1, 2, 0).ravel())
        return np.concatenate(parts)

    def unpack(self, pixels):
        """uint16 (n,), stream from the chip -> maps, name -> uint16 (channels, height, width)."""
        if pixels.shape != (self.output_words,):
            raise ModelError(f"The chip sent {pixels.shape[0]} words, the program stores "
                             f"{self.output_words}")
        maps = {}
        for entry, start in self.stores:
            channels, height, width = self.stored_shape(entry)
            words = pixels[start:start + channels * height * width]
            if entry.average is None:
                maps[entry.reads] = words.reshape(height, width, channels).transpose(2, 0, 1)
            else:
                maps[entry.average] = _added(words.reshape(-1, channels))[:, None, None]
        return maps

    def to_files(self, prefix=""):
        """(manifest, files) of this program; ``prefix`` begins the names of the files."""
        manifest = {
            "config": asdict(self.config), "config_hash": config_hash(self.config),
            "peak_words": self.peak_words, "mesh": self.mesh, "prefix": prefix,
            "entries": [{**asdict(entry), "operation": entry.operation.name}
                        for entry in self.entries],
            "maps": {name: asdict(place) for name, place in self.maps.items()},
        }
        arrays = {name: words.data for name, words in chip_streams(self).items()}
        # A mesh is cut again when it is read: from the program of the whole image.
        arrays[_program_file(self.mesh)] = self.words
        return manifest, {f"{prefix}{name}.npy": array_bytes(array)
                          for name, array in arrays.items()}

    @classmethod
    def from_files(cls, where, manifest, files, config=None):
        """The inverse of :meth:`to_files`; ``where`` is named in errors, ``config`` required if
        given."""
        try:
            made_for = ChipConfig(**manifest["config"])
            prefix = manifest["prefix"]
            entries = [Entry(**{**entry, "operation": Operation[entry["operation"]]})
                       for entry in manifest["entries"]]
            maps = {name: MapPlace(**{**place, "shape": tuple(place["shape"]),
                                         "tile": tuple(place["tile"])})
                    for name, place in manifest["maps"].items()}
            mesh = tuple(manifest["mesh"]) if manifest["mesh"] else None
            names = [f"{prefix}{part}.npy" for part in (_program_file(mesh), "weights")]
            contents = [files[name] for name in names]
            peak, digest = manifest["peak_words"], manifest["config_hash"]
        except (KeyError, TypeError, AttributeError, ConfigurationError) as error:
            raise FileError(f"{where}: the manifest is damaged ({type(error).__name__}: {error})"
                            ) from None
        if digest != config_hash(made_for):
            raise FileError(f"{where}: the configuration does not have the hash {digest}; it was "
                            "changed, or made for another version of the descriptors")
        if config is not None and config != made_for:
            raise FileError(f"{where} was made for another chip: {_differences(made_for, config)}."
                            " Compile it again for this one")
        try:
            commands = list(iterate(array_from(names[0], contents[0], np.uint32, 1)))
        except StreamError as error:
            raise FileError(f"{where}: {names[0]} is damaged ({error})") from None
        weights = array_from(names[1], contents[1], np.uint32, 2)
        return cls(made_for, commands, weights, entries, maps, peak, mesh)

    def save(self, path):
        """Write as a directory; see :func:`flexdrive_deploy.files.save_directory`."""
        manifest, files = self.to_files()
        save_directory(path, KIND, FORMAT_VERSION, manifest, files)

    @classmethod
    def load(cls, path, config=None):
        """Read a directory; FileError when damaged, foreign, or made for another chip."""
        manifest, files = load_directory(path, KIND, FORMAT_VERSION)
        return cls.from_files(path, manifest, files, config)


def _program_file(mesh):
    """Name of the file that holds the program: of a mesh, that of no chip."""
    return "whole-words" if mesh else "words"


def _added(parts):
    """Averages of the chips of a mesh, added in binary16, chip by chip."""
    total = parts[0]
    for part in parts[1:]:
        with np.errstate(over="ignore", invalid="ignore"):
            total = half_bits(total.view(np.float16) + part.view(np.float16))
    return total


def _differences(made_for, config):
    return ", ".join(
        f"{field.name} = {getattr(made_for, field.name)}, not {getattr(config, field.name)}"
        for field in fields(ChipConfig)
        if getattr(made_for, field.name) != getattr(config, field.name))
