"""Which chip is meant: a preset's name, a TOML file, parameters, or a configuration."""

import os
import tomllib
from dataclasses import fields, replace
from pathlib import Path

from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive.config import PRESETS, ChipConfig

from .door import guarded, read_bytes

__all__ = ["DEFAULT_PRESETS", "candidates", "config_of", "describe", "read_config"]

# Small first: a small network then simulates quickly, on every engine.
DEFAULT_PRESETS = ("tiny", "digits", "paper")
_KNOWN = [field.name for field in fields(ChipConfig)]


def _checked(table, where):
    for key in table:
        if key not in _KNOWN:
            raise ConfigurationError(f"{where}: {key} is no parameter of a chip; there are "
                                     + ", ".join(_KNOWN))
    return table


def read_config(path):
    """ChipConfig of a TOML file: fields of ChipConfig at the top or in a table ``[chip]``, what
    is missing has the default value.

    Raises
    ------
    ConfigurationError
        when the file cannot be read, or holds something that is not a field.
    """
    with guarded(path, "a TOML file", ConfigurationError):
        document = tomllib.loads(read_bytes(path, "a TOML file", ConfigurationError).decode())
    table = document.get("chip", document)
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: chip = {table!r} is no table; write [chip]")
    return ChipConfig(**_checked(table, path))


def _preset(name):
    if name not in PRESETS:
        raise ConfigurationError(f"chip = {name!r} is no preset; there are "
                                 f"{', '.join(sorted(PRESETS))} (or the path of a .toml file)")
    return PRESETS[name]


def config_of(chip):
    """ChipConfig of a preset's name, the path of a ``.toml`` file, a dict of parameters (``preset``
    among them is what they change), or a ChipConfig.

    Raises
    ------
    ConfigurationError
        when it is none of these, or a parameter is out of its range.
    """
    if isinstance(chip, ChipConfig):
        return chip
    if isinstance(chip, dict):
        parameters = dict(chip)
        base = _preset(parameters.pop("preset")) if "preset" in parameters else ChipConfig()
        return replace(base, **_checked(parameters, "chip"))
    if isinstance(chip, os.PathLike) or (isinstance(chip, str) and chip.endswith(".toml")):
        return read_config(Path(chip))
    if isinstance(chip, str):
        return _preset(chip)
    raise ConfigurationError(f"chip is {type(chip).__name__}; expected the name of a preset, the "
                             "path of a .toml file, a dict of parameters, or a ChipConfig")


def candidates(chip, mesh=None):
    """Configurations to try in order: the one that is meant, or the default presets; with links
    for a ``mesh``."""
    configs = [PRESETS[name] for name in DEFAULT_PRESETS] if chip is None else [config_of(chip)]
    return configs if mesh is None else [replace(config, mesh=True) for config in configs]


def describe(config, mesh=None):
    """One line: the mesh, the preset's name when there is one, and the parameters."""
    names = [name for name, preset in PRESETS.items() if preset == replace(config, mesh=False)]
    name = f"{names[0]}: " if names else ""
    chips = f"{mesh[0]} x {mesh[1]} chips of " if mesh else ""
    return (f"{chips}{name}{config.rows} x {config.columns} x {config.channels}, "
            f"{config.fm_words} words a tile, {config.weight_words} weight words, "
            f"L = {config.adder_depth}")
