# amaranth: UnusedElaboratable=no
"""A module's name stands for one circuit: every shared class, over arguments that differ in one
field."""

import importlib
import inspect
import itertools
import pkgutil
from dataclasses import fields, replace

import pytest
from amaranth.hdl import Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

import flexdrive
from flexdrive.emit import Emission, Shared, emit_rtlil
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.dotp.vector import STRUCTURES
from flexdrive.hyperdrive import PRESETS, ChipConfig
from flexdrive.hyperdrive.border.exchange import Exchange
from flexdrive.hyperdrive.border.memory import SIDES
from flexdrive.hyperdrive.border.walk import BorderWalk, CornerWalk
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.link.frame import FrameFormat
from flexdrive.hyperdrive.mesh import Mesh
from flexdrive.hyperdrive.mesh_chip import MeshChip, MeshOptions

# Other values than a base has, one for each field.
SIZES = {"rows": 3, "columns": 3, "channels": 2, "fm_words": 128, "fm_banks": 2,
         "weight_words": 200, "stream_words": 2, "border_words": 32, "corner_words": 16,
         "mesh": False}
KINDS = {"adder_depth": 3, "halo": 2, "leaky": True, "channelwise": True, "ternary": True,
         "overlap": True}
LINKS = {"width": 8, "reverse_width": 2, "sequence": 5, "window": 4, "crc": 32,
         "retransmit": True, "keepalive": 128, "timeout": 2048, "retries": 7, "payload": 17}
PLAIN = replace(PRESETS["tiny"], mesh=True)
FULL = replace(PLAIN, **KINDS)


def _around(base, values):
    """``base``, and it with one field changed."""
    return [base, *(replace(base, **{name: value}) for name, value in values.items())]


# Lanes are for chips without links.
LANES = replace(PRESETS["tiny"], channelwise=True, channelwise_lanes=2)
WITH_LANES = {"channelwise_lanes": 4, "adder_depth": 2, "overlap": True, "ternary": True,
              "stream_words": 2, "channels": 8}
CONFIGS = (_around(PLAIN, SIZES | KINDS)
           + _around(LANES, WITH_LANES)
           + [replace(LANES, channelwise_lanes=1)]
           + _around(FULL, {name: getattr(PLAIN, name) for name in KINDS}))
BETWEEN_CHIPS = {name: value for name, value in LINKS.items() if name != "payload"}
OPTIONS = [MeshOptions(), MeshOptions(forward_weights=True),
           *(MeshOptions(link=link) for link in _around(LinkConfig(), BETWEEN_CHIPS)),
           MeshOptions(link=LinkConfig(reverse_width=4), crossing=True),
           MeshOptions(link=LinkConfig(reverse_width=4), forward_weights=True)]
FRAME = LinkConfig().forward
NUMBERS = (1, 2, 3, 4)
# By argument of the constructors; and by class where a name means something of its own.
ARGUMENTS = {
    "config": CONFIGS, "options": OPTIONS, "side": SIDES, "north": (False, True),
    "west": (False, True), "height": (1, 2), "width": (1, 2), "depth": NUMBERS,
    "adder_depth": NUMBERS, "channels": NUMBERS, "words": (8, 16, 32), "lanes": NUMBERS,
    "most": NUMBERS, "count": (2, 3), "stages": NUMBERS, "enable": (False, True),
    "leaky": (False, True), "channelwise": (False, True), "ternary": (False, True),
    "structure": tuple(STRUCTURES), "narrow_activations": (False, True),
    "address_bits": (6, 8), "masters": (2, 3), "first": (0, 1), "cores": (2, 3, 4),
    "barriers": (1, 2), "mutexes": (1, 2), "init": (0, 1), "divisor": (8, 20),
    "timeout": (100, 200), "registers": (17, 29), "base": (0, 1 << 20), "partial": (False, True),
    "item_bytes": (2, 4),
    "frame": [FRAME, *(replace(FRAME, crc=crc) for crc in (5, 8, 32)), replace(FRAME, width=7),
              FrameFormat(fields=(("kind", 2), ("payload", 21)), width=4, crc=16)],
}
CLUSTER = ClusterConfig(cores=2, banks=2, bank_words=64, private_cache=256, shared_cache=1024,
                        core=CoreConfig(extensions=("i", "zicsr")))
CLUSTERS = _around(CLUSTER, {
    "cores": 3, "banks": 4, "bank_words": 128, "xor_banks": True, "private_cache": 512,
    "shared_cache": 2048, "cache_ways": 2, "barriers": 2, "mutexes": 2, "gate_cores": True,
    "core": CoreConfig(extensions=("i", "zicsr"), fetch_words=2)})
OF_CLASS = {"L1Port": {"config": CLUSTERS}, "CoreTile": {"config": CLUSTERS},
            "LinkReceiver": {"config": _around(LinkConfig(), LINKS)},
            "LinkSender": {"config": _around(LinkConfig(), LINKS)},
            "SideLink": {"options": [options for options in OPTIONS if options.link]}}


def _classes(base=Shared):
    for kind in base.__subclasses__():
        yield from _classes(kind)
        if kind.__module__.startswith("flexdrive.") and "elaborate" in kind.__dict__:
            yield kind


for _module in pkgutil.walk_packages(flexdrive.__path__, "flexdrive."):
    importlib.import_module(_module.name)
CLASSES = sorted(set(_classes()), key=lambda kind: kind.__qualname__)


class OneModule(Emission):
    """Only the module itself: what is shared in it is told by its name, and has its own test."""

    def instance(self, component):
        component._MustUse__used = True     # is not elaborated, on purpose
        return Instance(component.module_name, **{
            f"{'i' if member.flow == wiring.In else 'o'}_{'_'.join(map(str, path))}": value
            for path, member, value in component.signature.flatten(component)})


def _text(component):
    emission = OneModule()
    emission.top(component, "one")
    return emission.text("one")


def _parameters(kind):
    """Names of what a constructor takes; none when the class has no own, only annotations."""
    if kind.__init__ is Shared.__init__:
        return []
    return list(inspect.signature(kind.__init__).parameters)[1:]


def _argument_sets(kind):
    """The first value of each argument, and all sets that differ from these in one argument."""
    values = {name: OF_CLASS.get(kind.__name__, {}).get(name) or ARGUMENTS[name]
              for name in _parameters(kind)}
    first = {name: several[0] for name, several in values.items()}
    if kind in (Mesh, MeshChip):
        yield first | {"config": FULL, "options": OPTIONS[-1]}
    yield from (first, *(first | {name: value}
                     for name, several in values.items() for value in several[1:]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLASSES)
def test_one_name_is_one_circuit(kind):
    named = {}
    for arguments in _argument_sets(kind):
        if _possible(kind, arguments):
            component = kind(**arguments)
            component._MustUse__used = True
            named.setdefault(component.module_name, []).append(component)
    assert named
    for name, components in named.items():
        if len(components) > 1:
            first, *others = components
            text = _text(first)
            different = [component.arguments for component in others if _text(component) != text]
            assert not different, (name, first.arguments, different[0])


def _possible(kind, arguments):
    """Parts of links between chips exist on chips with such links only; others on all."""
    config = arguments.get("config")
    needs_links = kind.__name__ in ("Mesh", "MeshChip", "Exchange", "BorderArray", "BorderWalk",
                                    "CornerWalk", "BorderReceiver")
    needs_option = kind.__name__ == "Channelwise"
    if not isinstance(config, ChipConfig):
        return True
    if kind is Mesh and (arguments["options"] or MeshOptions()).crossing:
        return False
    return (config.mesh or not needs_links) and (config.channelwise or not needs_option)


def test_every_field_is_varied():
    """A new parameter of a chip or a link has to be entered above."""
    assert SIZES.keys() | KINDS.keys() | WITH_LANES.keys() == {
        field.name for field in fields(ChipConfig)}
    assert LINKS.keys() == {field.name for field in fields(LinkConfig)}
    assert {name for config in CLUSTERS[1:] for name in vars(config)
            if getattr(config, name) != getattr(CLUSTER, name)} == {
                field.name for field in fields(ClusterConfig)}


class Top(wiring.Component):
    """Somebody's own top with several components."""

    i: In(1)

    def __init__(self, *parts):
        super().__init__()
        self.parts = parts

    def elaborate(self, platform):
        m = Module()
        for number, part in enumerate(self.parts):
            m.submodules[f"part{number}"] = part
        return m


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "arguments", "changes"), [
    (Mesh, {"height": 1, "width": 1}, {"halo": 2, "leaky": True}),
    (BorderWalk, {"side": "north"}, {"channelwise": True}),
    (CornerWalk, {"north": True, "west": False}, {"channelwise": True}),
    (Exchange, {}, {"channelwise": True}),
])
def test_two_kinds_in_one_top(kind, arguments, changes):
    one, other = kind(PLAIN, **arguments), kind(replace(PLAIN, **changes), **arguments)
    modules = emit_rtlil(Top(one, other)).modules
    assert sum(module.component.endswith(f".{kind.__name__}") for module in modules) == 2


class Forgetful(Shared):
    """An addition whose module is called after one of its two numbers."""

    def __init__(self, width, step, comment=""):
        self.step = step
        super().__init__({"i": In(width), "o": wiring.Out(width)}, w=width)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(self.i + self.step)
        return m


def test_two_circuits_of_one_name_are_refused():
    with pytest.raises(ValueError, match="'Forgetful_w8' stands for two different circuits: "
                                         "Forgetful of step = 1 and of step = 2"):
        emit_rtlil(Top(Forgetful(8, 1), Forgetful(8, 2)))


def test_arguments_that_change_nothing_share_a_module():
    parts = [Forgetful(8, 1), Forgetful(width=8, step=1), Forgetful(8, 1, comment="the same")]
    for order in itertools.permutations(parts):
        assert [module.name for module in emit_rtlil(Top(*order)).modules] == ["Forgetful_w8"]
