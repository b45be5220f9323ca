"""A mesh with wires of any latency and jitter between its chips, and one fault on one of them."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.hyperdrive.mesh import Mesh as MeshComponent

from .faulty_wire import Fault, FaultSettings, FaultyWire, WireSettings
from .link import Wire
from .mesh import Mesh, MeshRun

__all__ = ["FaultyMesh", "FaultyMeshComponent", "FaultyMeshRun"]

# Phits that a wire holds; twice the greatest latency.
_WIRE_DEPTH = 64
# An odd number that makes the seeds of the wires differ (2^32 over the golden ratio).
_SEED_STEP = 0x9E3779B1


class FaultyMeshComponent(MeshComponent):
    """For simulation only: :class:`~flexdrive.hyperdrive.mesh.Mesh`, and its wires.

    Members
    -------
    wires : settings of all wires; the seed is another one for each.
    fault, fault_wire : the fault, and the number of the wires that it is on.
    hit, hit_at : it has changed something, and the cycle in which it first did.
    stopped_all, stopped_all_at : all chips have stopped, and the first cycle in which they had.
    """

    def _ports(self):
        return super()._ports() | {
            "wires": In(WireSettings), "fault": In(FaultSettings), "fault_wire": In(16),
            "hit": Out(1), "hit_at": Out(32), "stopped_all": Out(1), "stopped_all_at": Out(32)}

    def elaborate(self, platform):
        self._hits = []
        m = self._build()
        now = Signal(32)
        m.d.comb += [
            self.hit.eq(Cat(self._hits).any()),
            self.stopped_all.eq(Cat(getattr(self, f"stopped_{y}_{x}") for y in range(self.height)
                                    for x in range(self.width)).all()),
        ]
        m.d.sync += now.eq(now + 1)
        with m.If(~self.hit):
            m.d.sync += self.hit_at.eq(now)
        with m.If(~self.stopped_all):
            m.d.sync += self.stopped_all_at.eq(now + 1)
        return m

    def _wire(self, m, source, target):
        number = len(self._hits)
        m.submodules[f"wire{number}"] = wire = FaultyWire(len(source.data), depth=_WIRE_DEPTH)
        wiring.connect(m, source, wire.i)
        wiring.connect(m, wire.o, target)
        m.d.comb += [
            wire.settings.eq(self.wires),
            wire.settings.seed.eq(self.wires.seed ^ ((number * _SEED_STEP) & 0xFFFFFFFF) | 1),
            wire.fault.eq(self.fault),
            wire.fault.kind.eq(Mux(self.fault_wire == number, self.fault.kind, Fault.NONE)),
        ]
        self._hits.append(wire.hit)


@dataclass(frozen=True)
class FaultyMeshRun:
    """What came of a run with a fault.

    Attributes
    ----------
    run : :class:`~.mesh.MeshRun`, or None when it neither finished nor stopped within the limit.
    hit_at : cycle in which the fault first changed something on the wires, None if it never did.
    stopped_at : cycle in which the last chip stopped, None if not all did.
    """

    run: MeshRun | None
    hit_at: int | None
    stopped_at: int | None


class FaultyMesh(Mesh):
    """A mesh whose wires can be chosen; the same compiled model serves all of them."""

    def _component(self):
        return FaultyMeshComponent(self.config, self.height, self.width, self.options)

    @property
    def wire_count(self):
        """Wires that a fault can be on: of words and of credits, both directions of all links."""
        return 4 * (self.height * (self.width - 1) + (self.height - 1) * self.width)

    def run_with(self, words, weights, pixels, *, wires=None, number=0, gates=None,
                 max_cycles=1 << 40):
        """Run a program with ``wires`` (:class:`~.link.Wire`): latency and jitter of all, fault of
        wire ``number``; :class:`~.mesh.MeshRun`, errors as of :meth:`~.mesh.Mesh.run`."""
        wires = wires or Wire()
        inputs = {"wires": WireSettings.const(wires.settings).as_bits(),
                  "fault": FaultSettings.const(wires.fault).as_bits(), "fault_wire": number}
        return self.run(words, weights, pixels, gates=gates, max_cycles=max_cycles,
                        inputs=inputs)

    def was_hit(self):
        """Whether the fault of the last run changed something on the wires."""
        self._model.settle()
        return bool(self._model.get("hit"))

    def follow(self, run, limit):
        """After a run that ended with a stop: let the others stop too, at most ``limit`` cycles
        from the fault; :class:`FaultyMeshRun`."""
        model = self._model
        if not self.was_hit():
            return FaultyMeshRun(run, None, None)
        hit_at = model.get("hit_at")
        for y, x in run.chips:
            model.set(f"o_reports_{y}_{x}_ready", 1)
        model.run(max(0, hit_at + limit - run.cycles), until=("stopped_all", 1))
        model.settle()
        for y, x in run.chips:
            model.set(f"o_reports_{y}_{x}_ready", 0)
        stopped = model.get("stopped_all_at") if model.get("stopped_all") else None
        return FaultyMeshRun(run, hit_at, stopped)
