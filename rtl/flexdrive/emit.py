"""RTLIL and Verilog with one module per distinct component.

Amaranth emits a module for every *instance*. An array of 784 equal units written that way takes
a minute to translate and gives megabytes of text. A component derived from :class:`Shared` is
emitted once per set of constructor's arguments, under a name made of its class and what tells it
from others, and instantiated wherever it occurs; parents look the same in both cases:

    m.submodules.tile = tile = Tile(c=16)

Elaborated for Amaranth's own simulator (``platform`` is not an :class:`Emission`), a shared
component is an ordinary submodule.
"""

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass, field

from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Fragment, Instance, ResetSignal, Value
from amaranth.hdl._ir import PortDirection
from amaranth.lib import data, wiring

from .arguments import Recorded, differences

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


class Shared(Recorded, wiring.Component):
    """A component that is emitted as one module however often it occurs.

    Components of one class and equal ``arguments`` of the constructor are the same circuit
    (:class:`.arguments.Recorded`).

    Parameters
    ----------
    signature : as for :class:`amaranth.lib.wiring.Component`.
    parameters : what the module is called after, as keywords with values that are integers,
        strings or booleans: ``Tile(c=16)`` becomes ``Tile_c16``. Emission refuses two different
        circuits of one name.
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
        self._first = {}     # module name -> component that it was emitted for
        self._same = {}      # module name -> [(class, arguments)] that are known to be it
        self._in_place = {}  # module name -> whether all its instances are to be in place
        self._texts = {}     # module name -> RTLIL, with what is private to it; children first
        self._clocked = {}   # module name -> bool
        self._root = None

    @property
    def modules(self):
        """A :class:`SharedModule` per shared module, children first."""
        shared = [(name, self._first[name]) for name in self._texts if name in self._first]
        return [SharedModule(name, f"{type(component).__module__}.{type(component).__qualname__}",
                             component.shared_parameters, self._in_place[name])
                for name, component in shared]

    def clocked(self, name):
        """Whether module ``name`` has ``clk`` and ``rst``."""
        return self._clocked[name]

    def shares(self, component):
        """Whether ``component`` becomes an instance of a shared module."""
        return self._share and component is not self._root

    def instance(self, component):
        """An ``Instance`` of ``component``'s module; ValueError if another circuit has its name."""
        name = component.module_name
        key = (type(component), component.arguments)
        if name not in self._first:
            self._first[name] = component
            self._same[name] = [key]
            self._keep(name, self._shared(component))
        elif key not in self._same[name]:
            if self._shared(component) != self._texts[name]:
                self._refuse(component)
            self._same[name].append(key)
        self._in_place[name] = component._in_place and self._in_place.get(name, True)
        ports = {
            f"{'i' if member.flow == wiring.In else 'o'}_{port}": value
            for port, member, value in _flat_members(component)
        }
        if self.clocked(name):
            ports.update(i_clk=ClockSignal(), i_rst=ResetSignal())
        return Instance(name, **ports)

    def _shared(self, component):
        """RTLIL of a shared component, made while that of another one is being made."""
        outer, self._root = self._root, component
        text = self._module(component, component.module_name)
        self._root = outer
        return text

    def _refuse(self, component):
        first, name = self._first[component.module_name], type(component).__name__
        raise ValueError(
            f"Module name {component.module_name!r} stands for two different circuits: {name} of "
            f"{differences(first.arguments, component.arguments)} and of "
            f"{differences(component.arguments, first.arguments)}; the parameters that make the "
            f"names of {name} have to tell them apart")

    def top(self, component, name):
        """Emit the root of the whole design as module ``name``."""
        self._root = component
        self._keep(name, self._module(component, name))

    def _keep(self, name, text):
        self._texts[name] = text
        self._clocked[name] = bool(re.search(r"^  wire width 1 input \d+\s+\\clk$", text, re.M))

    def _module(self, component, name):
        ports = {
            port: (value, PortDirection.Input if member.flow == wiring.In
                   else PortDirection.Output)
            for port, member, value in _flat_members(component)
        }
        fragment = Fragment.get(component, self)
        text, _names = rtlil.convert_fragment(fragment, ports, name, emit_src=False)
        return _flatten_names(text, name)

    def text(self, top):
        # Only the root of the whole design is the top.
        marked = [t if f"module \\{top}\n" in t else t.replace("attribute \\top 1\n", "")
                  for t in self._texts.values()]
        return "".join(marked)


def _flatten_names(text, name):
    """Module names without dots: ``top.tail`` becomes ``top_tail``, so no tool needs escapes."""
    modules = re.findall(r"^module \\(\S+)$", text, re.M)
    renamed = {m: m.replace(".", "_") for m in modules if "." in m}
    for old in sorted(renamed, key=len, reverse=True):
        text = re.sub(rf"^(module|  cell) \\{re.escape(old)}(\s)", rf"\1 \\{renamed[old]}\2",
                      text, flags=re.M)
    return text


@contextmanager
def _all_kept():
    """While a design is made, all of it is kept: looking for garbage takes a quarter of the time
    and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_all_kept()
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
    emission.top(component, name)
    return RtlilDesign(text=emission.text(name), top=name, ports=port_list(component),
                       clocked=emission.clocked(name), modules=emission.modules)
