"""Where maps and weights lie in L1, and in how many chunks weights come, by OR-tools' CP-SAT.

Time is steps. A map lives from the step that makes it to the last that reads it. The first chunk of
a layer's weights is fetched while the layer before computes; a layer of several chunks has two
buffers in turn. Rectangles of time and addresses must not overlap; as few chunks as possible.
"""

from dataclasses import dataclass

from ortools.sat.python import cp_model

from flexdrive_deploy.errors import FitError
from flexdrive_deploy.flexv.network import ir

from .storage import Border, storage_of
from .weights import chunk_sizes, layer_words

__all__ = ["Buffer", "Plan", "make_plan"]

# Bytes of which addresses are multiples; kernels read up to so many bytes behind a buffer.
_UNIT = 16
_SECONDS = 20.0


@dataclass(frozen=True)
class Buffer:
    """Bytes begin..begin + size of L1 from step ``first`` to ``last``; ``what``: "map",
    "weights"."""

    name: str
    what: str
    begin: int
    size: int
    first: int
    last: int


@dataclass(eq=False)
class Plan:
    """Attributes
    ----------
    storages : name of a tensor -> Storage. addresses : name of a tensor -> first byte in L1.
    chunks : step -> (words, Chunks); weights : step -> bytes in L1 of its one or two buffers.
    buffers : all, for people. peak : bytes used of ``l1_bytes``.
    """

    storages: dict
    addresses: dict
    chunks: dict
    weights: dict
    buffers: list
    l1_bytes: int

    @property
    def peak(self):
        return max((buffer.begin + buffer.size for buffer in self.buffers), default=0)


def _units(size):
    return -(-size // _UNIT) + 1


def _lives(steps):
    """name of a tensor in memory -> (tensor, first step, last step)."""
    lives = {}

    def live(tensor, at):
        known = lives.get(tensor.name, (tensor, at, at))
        lives[tensor.name] = tensor, min(known[1], at), max(known[2], at)

    for _, tensor in steps.inputs:
        live(tensor, 0)
    for at, step in enumerate(steps.steps):
        for tensor in (*step.sources, step.output):
            live(steps.place(tensor), at)
    for tensor in steps.outputs:
        live(steps.place(tensor), len(steps.steps) - 1)
    return lives


def _need(steps, lives, storages, options):
    """(step, bytes) with the largest need that no plan can be below."""
    def need(at):
        maps = sum(_units(4 * storages[name].words) for name, (_, first, last) in lives.items()
                   if first <= at <= last)
        weights = min(map(sum, options.get(steps.steps[at], [[0]])))
        return _UNIT * (maps + weights)
    return max(((step, need(at)) for at, step in enumerate(steps.steps)), key=lambda each: each[1])


class _Model:
    def __init__(self, units, count):
        self.model, self.units, self.count = cp_model.CpModel(), units, count
        self.times, self.places, self.made = [], [], []

    def buffer(self, name, what, size, first, last, chosen=None):
        """A rectangle, only there where ``chosen`` is."""
        model = self.model
        begin = model.new_int_var(0, max(self.units - size, 0), name)
        if size > self.units:
            model.add_bool_or([chosen.negated()] if chosen is not None else [])
        if chosen is None:
            self.times.append(model.new_fixed_size_interval_var(first, last + 1 - first, ""))
            self.places.append(model.new_fixed_size_interval_var(begin, size, ""))
        else:
            self.times.append(model.new_optional_fixed_size_interval_var(
                first, last + 1 - first, chosen, ""))
            self.places.append(model.new_optional_fixed_size_interval_var(
                begin, size, chosen, ""))
        self.made.append((name, what, begin, size, first, last, chosen))

    def solve(self, chunks):
        model = self.model
        model.add_no_overlap_2d(self.times, self.places)
        model.minimize(sum(chunks))
        solver = cp_model.CpSolver()
        # One worker and one seed: the same plan each time.
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = _SECONDS
        status = solver.solve(model)
        return solver if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def make_plan(steps, l1_bytes):
    """The :class:`Plan` of Steps for an L1 of so many bytes.

    Raises
    ------
    FitError
        names the layer with the largest need, the need, and the L1 that would hold it.
    """
    lives = _lives(steps)
    storages = {name: storage_of(tensor, steps.borders.get(name, Border()))
                for name, (tensor, _, _) in lives.items()}
    found = {step: [(size, *layer_words(step, size)) for size in chunk_sizes(step.node)]
             for step in steps.steps if isinstance(step.node, ir.Convolution)}
    options = {step: [[_units(4 * max(chunk.words for chunk in chunks))] * min(2, len(chunks))
                      for _, _, chunks in each] for step, each in found.items()}
    places = _Model(l1_bytes // _UNIT, len(steps.steps))
    worst, need = _need(steps, lives, storages, options)
    if need > l1_bytes:
        raise _does_not_fit(worst, need, l1_bytes)
    for name, (_, first, last) in lives.items():
        places.buffer(name, "map", _units(4 * storages[name].words), first, last)
    chosen, costs, before = {}, [], 0
    for at, step in enumerate(steps.steps):
        if step not in found:
            continue
        literals = [places.model.new_bool_var("") for _ in found[step]]
        places.model.add_exactly_one(literals)
        for literal, (_, _, chunks), sizes in zip(literals, found[step], options[step],
                                                  strict=True):
            costs.append(len(chunks) * literal)
            for index, size in enumerate(sizes):
                places.buffer(f"{step.name}/{index}", "weights", size, at if index else before, at,
                              literal)
        chosen[step], before = literals, at
    solver = places.solve(costs)
    if solver is None:
        raise _does_not_fit(worst, need, l1_bytes)
    return _plan(places, solver, storages, found, chosen, l1_bytes)


def _does_not_fit(step, need, l1_bytes):
    return FitError(f"Layer {step.name} ({step.node.output.shape}): its maps and weights need at "
                    f"least {need:,} bytes of L1, of which there are {l1_bytes:,}. What would "
                    f"pass: an L1 of {-(-need // 1024)} kB or more, smaller maps, or fewer bits",
                    l1_bytes=need)


def _plan(places, solver, storages, found, chosen, l1_bytes):
    buffers, addresses, weights = [], {}, {}
    picked = {step: next(index for index, literal in enumerate(literals)
                         if solver.boolean_value(literal)) for step, literals in chosen.items()}
    chunks = {step: found[step][index][1:] for step, index in picked.items()}
    for name, what, begin, size, first, last, literal in places.made:
        if literal is not None and not solver.boolean_value(literal):
            continue
        buffer = Buffer(name, what, _UNIT * solver.value(begin), _UNIT * size, first, last)
        buffers.append(buffer)
        if what == "map":
            addresses[name] = buffer.begin
        else:
            weights.setdefault(name.rpartition("/")[0], []).append(buffer.begin)
    by_step = {step: weights[step.name] for step in chunks}
    return Plan(storages, addresses, chunks, by_step, buffers, l1_bytes)
