"""RTLIL and Verilog with one module per distinct component.

Amaranth emits a module for every *instance*. An array of 784 equal units written that way takes
a minute to translate and gives megabytes of text. A component derived from :class:`Shared` is
emitted once per set of parameters, under a name made of its class and parameters, and
instantiated wherever it occurs; parents look the same in both cases:

    m.submodules.tile = tile = Tile(c=16)

Elaborated for Amaranth's own simulator (``platform`` is not an :class:`Emission`), a shared
component is an ordinary submodule.
"""

import re
from dataclasses import dataclass, field

from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Fragment, Instance, ResetSignal, Value
from amaranth.hdl._ir import PortDirection
from amaranth.lib import data, wiring

__all__ = ["Emission", "Port", "RtlilDesign", "Shared", "SharedModule", "emit_rtlil", "port_list"]


@dataclass(frozen=True)
class Port:
    """One port of an emitted module.

    Attributes
    ----------
    name : flat name in RTLIL and Verilog.
    width : bits.
    direction : ``"input"`` or ``"output"``.
    signed : whether the value is signed.
    path : name in Python, ``i_pixels.payload``.
    fields : (name, lowest bit, width) of each field of a structured value.
    """

    name: str
    width: int
    direction: str
    signed: bool = False
    path: str = ""
    fields: tuple = ()


@dataclass(frozen=True)
class SharedModule:
    """A module that was emitted for a component.

    Attributes
    ----------
    name : of the module.
    component : class of the component, with its Python module.
    parameters : of the component, by name.
    in_place : every parent asked for it in place (:meth:`Shared.in_place`): a hierarchy that is
        kept for the sake of simulation speed may dissolve it.
    """

    name: str
    component: str
    parameters: dict
    in_place: bool


@dataclass
class RtlilDesign:
    """Result of an emission.

    Attributes
    ----------
    text : RTLIL of all modules, children before parents.
    top : name of the top module.
    ports : ports of the top module, without clock and reset.
    clocked : whether the top module has ``clk`` and ``rst`` ports.
    modules : a :class:`SharedModule` per shared module, in the order of their emission.
    """

    text: str
    top: str
    ports: list[Port]
    clocked: bool
    modules: list[SharedModule] = field(default_factory=list)


def _flat_members(component):
    """Yield (flat name, member, value) of every port, joined with ``_`` instead of Amaranth's
    ``__``, which Verilator mangles in its C++. Verilog has no ports of no bits."""
    for path, member, value in component.signature.flatten(component):
        if len(Value.cast(value)) > 0:
            yield "_".join(map(str, path)), member, Value.cast(value)


def port_list(component):
    """The ports of ``component`` as a list of :class:`Port`."""
    return [
        Port("_".join(map(str, path)), len(Value.cast(value)),
             "input" if member.flow == wiring.In else "output", Value.cast(value).shape().signed,
             ".".join(map(str, path)), _fields(member.shape))
        for path, member, value in component.signature.flatten(component)
    ]


def _fields(shape):
    try:
        layout = data.Layout.cast(shape)
    except TypeError:
        return ()
    return tuple((str(name), field.offset, field.width) for name, field in layout)


class Shared(wiring.Component):
    """A component that is emitted as one module however often it occurs.

    Parameters
    ----------
    signature : as for :class:`amaranth.lib.wiring.Component`.
    parameters : everything that ``elaborate`` depends on, as keywords with values that are
        integers, strings or booleans. They make the module's name: ``Tile(c=16)`` becomes
        ``Tile_c16``. Two components of one class with equal parameters must be the same circuit.
    """

    def __init__(self, signature=None, /, **parameters):
        super().__init__(signature)
        # Emitted modules get these for their clock domain.
        taken = {"clk", "rst"} & set(self.signature.members)
        if taken:
            raise ValueError(f"{type(self).__name__}: no member may be called {taken.pop()!r}")
        self.shared_parameters = parameters
        self._in_place = False

    def in_place(self):
        """Ask that the compiled engine dissolve this instance in its parent; returns it.

        For small parts of a component that itself occurs many times: a call per part would cost
        more than the part. Emitted text does not change."""
        self._in_place = True
        return self

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "elaborate" in cls.__dict__:
            build = cls.__dict__["elaborate"]

            def elaborate(self, platform):
                if isinstance(platform, Emission) and platform.shares(self):
                    return platform.instance(self)
                return build(self, platform)

            elaborate.__doc__ = build.__doc__
            cls.elaborate = elaborate

    @property
    def module_name(self):
        """Name of the emitted module: the class, then each parameter."""
        words = [type(self).__name__]
        for name, value in self.shared_parameters.items():
            text = str(int(value)) if isinstance(value, (bool, int)) else str(value)
            words.append(name + text)
        return re.sub(r"\W", "_", "_".join(words))


class Emission:
    """The ``platform`` under which shared components become instances of shared modules.

    Parameters
    ----------
    share : if false, shared components are emitted in place like all others. The plain form
        exists to prove both forms equal.
    """

    def __init__(self, *, share=True):
        self._share = share
        self._keys = {}      # module name -> (class, parameters)
        self._clocked = {}   # module name -> bool
        self._in_place = {}  # module name -> whether all its instances are to be in place
        self._texts = []
        self._root = None

    @property
    def modules(self):
        """A :class:`SharedModule` per shared module, children first."""
        found = []
        for name in self._clocked:
            if name in self._keys:
                kind, parameters = self._keys[name]
                found.append(SharedModule(name, f"{kind.__module__}.{kind.__qualname__}",
                                          parameters, self._in_place[name]))
        return found

    def clocked(self, name):
        """Whether module ``name`` has ``clk`` and ``rst``."""
        return self._clocked[name]

    def shares(self, component):
        """Whether ``component`` becomes an instance of a shared module."""
        return self._share and component is not self._root

    def instance(self, component):
        """An ``Instance`` of the module of ``component``, which is emitted if it is new."""
        name = component.module_name
        key = (type(component), component.shared_parameters)
        if self._keys.setdefault(name, key) != key:
            raise ValueError(f"Module name {name!r} stands for two different components: "
                             f"{self._keys[name]} and {key}")
        self._in_place[name] = component._in_place and self._in_place.get(name, True)
        if name not in self._clocked:
            outer, self._root = self._root, component
            self.module(component, name)
            self._root = outer
        ports = {
            f"{'i' if member.flow == wiring.In else 'o'}_{port}": value
            for port, member, value in _flat_members(component)
        }
        if self._clocked[name]:
            ports.update(i_clk=ClockSignal(), i_rst=ResetSignal())
        return Instance(name, **ports)

    def module(self, component, name):
        """Emit ``component`` itself as module ``name``."""
        if self._root is None:
            self._root = component
        ports = {
            port: (value, PortDirection.Input if member.flow == wiring.In
                   else PortDirection.Output)
            for port, member, value in _flat_members(component)
        }
        fragment = Fragment.get(component, self)
        text, _names = rtlil.convert_fragment(fragment, ports, name, emit_src=False)
        self._clocked[name] = bool(re.search(r"^  wire width 1 input \d+\s+\\clk$", text, re.M))
        self._texts.append(_flatten_names(text, name))

    def text(self, top):
        # Only the root of the whole design is the top.
        marked = [t if f"module \\{top}\n" in t else t.replace("attribute \\top 1\n", "")
                  for t in self._texts]
        return "".join(marked)


def _flatten_names(text, name):
    """Module names without dots: ``top.tail`` becomes ``top_tail``, so no tool needs escapes."""
    modules = re.findall(r"^module \\(\S+)$", text, re.M)
    renamed = {m: m.replace(".", "_") for m in modules if "." in m}
    for old in sorted(renamed, key=len, reverse=True):
        text = re.sub(rf"^(module|  cell) \\{re.escape(old)}(\s)", rf"\1 \\{renamed[old]}\2",
                      text, flags=re.M)
    return text


def emit_rtlil(component, *, name=None, share=True):
    """Translate ``component`` (with its clock domain ``sync``) to RTLIL.

    Parameters
    ----------
    component : :class:`amaranth.lib.wiring.Component`
    name : name of the top module; by default the module name of a shared component, else the
        class name in lower case.
    share : see :class:`Emission`.

    Returns
    -------
    :class:`RtlilDesign`
    """
    emission = Emission(share=share)
    if name is None:
        name = (component.module_name if isinstance(component, Shared)
                else type(component).__name__.lower())
    emission.module(component, name)
    return RtlilDesign(text=emission.text(name), top=name, ports=port_list(component),
                       clocked=emission.clocked(name), modules=emission.modules)
