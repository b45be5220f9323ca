"""A component of ours inside anybody's Amaranth design, emitted once and instantiated.

Sharing (:mod:`flexdrive.emit`) happens under an ``Emission``; under an Amaranth platform each
instance would become a module of its own again. The ``digits`` chip in a user's top for an ECP5
board measured 11.8 MB in 672 modules that way. A :class:`Macro` adds the component's Verilog to the
platform's files instead, one file per module, and stands in the design as an ``Instance``.
"""

import re

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring

from flexdrive.emit import Emission, Shared
from flexdrive.errors import ConfigurationError

from .verilog import emit_verilog

__all__ = ["Macro"]

_MODULE = re.compile(r"^module (\w+).*?^endmodule\n", re.M | re.S)


class Macro(wiring.Component):
    """A component with the ports of ``component``, for use as a submodule of any design.

        m.submodules.chip = chip = Macro(Chip(config))

    * Under a platform that takes files (``platform.build``) it becomes an instance of a Verilog
      module; every distinct module inside is one file, which macros of one design share.
    * Elsewhere (Amaranth's simulator, ``rtlil.convert``) it is an ordinary submodule.

    Clock and reset are those of the domain ``sync``, to be renamed by ``DomainRenamer`` as usual.
    No latency: ports are wires.

    Parameters
    ----------
    component : :class:`amaranth.lib.wiring.Component` with one clock domain, ``sync``.
    name : name of the Verilog module; by default that which the component has in emitted text.

    Raises
    ------
    ConfigurationError
        while the design is built, when two macros need different modules of one name.
    """

    def __init__(self, component, *, name=None):
        super().__init__(component.signature)
        self.component = component
        self._name = name or (component.module_name if isinstance(component, Shared)
                              else type(component).__name__.lower())
        self._design = None

    def elaborate(self, platform):
        if not hasattr(platform, "add_file") or isinstance(platform, Emission):
            m = Module()
            m.submodules.inner = self.component
            wiring.connect(m, wiring.flipped(self), self.component)
            return m
        if self._design is None:
            self._design = emit_verilog(self.component, name=self._name)
        for match in _MODULE.finditer(self._design.text):
            self._add(platform, match[1], match[0])
        return self._instance()

    def _add(self, platform, module, text):
        try:
            platform.add_file(f"{module}.v", text)
        except ValueError:
            raise ConfigurationError(
                f"Macro {self._name}: the design has another module {module!r} already. What would "
                f"pass: Macro({type(self.component).__name__}(...), name=...) with a name of its "
                "own for each configuration") from None

    def _instance(self):
        design = self._design
        assert design is not None       # elaborate has made it
        ports = {}
        for port, (path, member, value) in zip(
                design.rtlil.ports, self.signature.flatten(self), strict=True):
            assert ".".join(map(str, path)) == port.path
            if port.width:
                direction = "i" if member.flow == wiring.In else "o"
                ports[f"{direction}_{design.ports.get(port.name, port.name)}"] = value
        if design.rtlil.clocked:
            ports |= {"i_clk": ClockSignal(), "i_rst": ResetSignal(allow_reset_less=True)}
        return Instance(design.rtlil.top, **ports)
