"""Which board it is: its constant registers."""

from dataclasses import dataclass

from flexdrive.boards.frame import PROTOCOL
from flexdrive.boards.registers import (
    COMMON,
    MAGIC,
    TABLES,
    Access,
    Design,
    register_named,
)
from flexdrive.hyperdrive.descriptor.codes import VERSION

from ..hyperdrive.program import config_hash
from .errors import IdentityError

__all__ = ["Identity"]


@dataclass(frozen=True)
class Identity:
    """What a board says of itself.

    Attributes
    ----------
    name : of the port.
    constants : register name -> value.
    """

    name: str
    constants: dict

    @classmethod
    def of(cls, link):
        """Ask a board.

        Raises
        ------
        IdentityError
            when what answers is no design of ours, or one of another version.
        """
        made = cls(link.transport.name, _read(link, COMMON))
        if made["MAGIC"] != MAGIC:
            raise IdentityError(f"{made.name}: no board of flexdrive: MAGIC is {made['MAGIC']:#x}, "
                                f"not {MAGIC:#x}")
        for name, ours in (("protocol", PROTOCOL), ("descriptors", VERSION)):
            if made.field("PROTOCOL", name) != ours:
                raise IdentityError(
                    f"{made.name}: the bitstream has version {made.field('PROTOCOL', name)} of the "
                    f"{name}, this program {ours}. What would pass: a bitstream built with it "
                    "(flexdrive board build)")
        if made.field("PROTOCOL", "design") not in list(Design):
            raise IdentityError(f"{made.name}: design {made.field('PROTOCOL', 'design')} is none "
                                "that this program knows. What would pass: a bitstream built with "
                                "it (flexdrive board build)")
        made.constants.update(_read(link, TABLES[made.design]))
        return made

    @property
    def design(self):
        """:class:`flexdrive.boards.registers.Design`."""
        return Design(self.field("PROTOCOL", "design"))

    def __getitem__(self, name):
        return self.constants[name]

    def field(self, register, name):
        """A part of a register of every design, or of a chip's."""
        low, bits = next((low, bits) for each, low, bits, _ in register_named(register).fields
                         if each == name)
        return self[register] >> low & (1 << bits) - 1

    @property
    def configuration(self):
        """16 hex digits, as :func:`~..hyperdrive.program.config_hash`."""
        return f"{self['CONFIGURATION_HIGH']:08x}{self['CONFIGURATION_LOW']:08x}"

    @property
    def build(self):
        """16 hex digits of the source of the bitstream."""
        return f"{self['BUILD_HIGH']:08x}{self['BUILD_LOW']:08x}"

    @property
    def about(self):
        """What is behind the link, in words."""
        if self.design == Design.FLEXV:
            return f"Flex-V core with {4 * self['MEMORY_WORDS']:,} bytes"
        if self.design == Design.DOTP:
            return "dot-product unit"
        rows, columns, channels, depth = (self.field("GEOMETRY", name) for name in
                                          ("rows", "columns", "channels", "adder_depth"))
        chip = f"{rows} x {columns} tiles of {channels} units, adders of depth {depth}"
        if self.design == Design.SOC:
            return f"Flex-V core with {4 * self['MEMORY_WORDS']:,} bytes beside {chip}"
        return chip

    def check(self, config, build=None):
        """IdentityError when the chip is not ``config``, or the bitstream not ``build``."""
        self.want(Design.HYPERDRIVE)
        if self.configuration != config_hash(config):
            made = (f"{config.rows} x {config.columns} tiles of {config.channels} units, adders "
                    f"of depth {config.adder_depth}")
            raise IdentityError(
                f"{self.name}: the board has another chip than the network was compiled for: "
                f"{self.about} ({self.configuration}), not {made} ({config_hash(config)}). What "
                "would pass: compile for that chip, or program the bitstream of this one")
        if build is not None and self.build != build:
            raise IdentityError(
                f"{self.name}: the bitstream is stale: build {self.build}, not {build}. What would "
                "pass: flexdrive board program")

    def want(self, design):
        """IdentityError when it is another :class:`flexdrive.boards.registers.Design`."""
        if self.design != design:
            raise IdentityError(f"{self.name}: the board has another design: {self.about}, and not "
                                f"{design.name.lower()}. What would pass: the bitstream of "
                                f"flexdrive board build --design {design.name.lower()}")


def _read(link, table):
    """Constant registers of a table, name -> value; they are the first ones of it."""
    wanted = [register.name for register in table if register.access == Access.CONSTANT]
    return dict(zip(wanted, link.read(0, len(wanted)), strict=True))
