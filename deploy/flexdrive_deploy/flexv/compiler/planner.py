"""Where maps and weights lie in L1, in how many chunks weights come and in how many stripes maps,
by OR-tools' CP-SAT.

Time is steps. A map lives from the step that makes it to the last that reads it. The first chunk of
a layer's weights is fetched while the layer before computes; what comes in parts has two buffers in
turn. Layers of few pixels take as long as their weights come: of these one chunk more is on its
way, so that transfers follow each other without a gap, and they have three buffers. Rectangles of
time and addresses must not overlap; as few transfers as possible. Maps lie outside, and are worked
on in stripes, only when L1 does not hold them: the largest of the tightest step first.
"""

from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from flexdrive_deploy.errors import FitError
from flexdrive_deploy.flexv.network import ir

from .planar import mark_planar, planar_maps
from .storage import Border, canonical, storage_of
from .stripes import may_stripe, stripe_storage
from .weights import chunk_sizes, layer_chunks, layer_kind, layer_words

__all__ = ["Buffer", "Plan", "make_plan"]

# Bytes of which addresses are multiples; kernels read up to so many bytes behind a buffer.
_UNIT = 16
# Layers of few pixels take as long as their weights come: parts of no more bytes than these, so
# that the products of one hide behind the next.
_FEW_PIXELS, _PART = 4, 24 << 10
# About the cycles of a call; bytes of a transfer, products of layers in a cycle.
_CALL, _BYTES, _PRODUCTS, _DEPTHWISE = 600, 6, 25, 6
# Deterministic seconds: to find a plan, to make it better.
_FIND, _IMPROVE = 10.0, 1.0


@dataclass(frozen=True)
class Buffer:
    """Bytes begin..begin + size of L1 from step ``first`` to ``last``; ``what``: "map",
    "weights" or "stripe"."""

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
    storages : name of a tensor -> Storage. addresses : name of a tensor in L1 -> first byte there.
    outside : names of tensors that lie outside of L1.
    deep : steps of which a chunk is fetched while the last but one before it is used.
    chunks : step -> (words, Chunks); weights : step -> bytes in L1 of its one or two buffers.
    rows : step that works on stripes -> output rows of one. stripes : (step, name of a tensor) ->
        bytes in L1 of its one or two buffers.
    buffers : all, for people. l1_bytes : what there is.
    """

    storages: dict
    addresses: dict
    outside: set
    chunks: dict
    weights: dict
    rows: dict
    stripes: dict
    buffers: list
    l1_bytes: int
    deep: set

    @property
    def peak(self):
        """Bytes used."""
        return max((buffer.begin + buffer.size for buffer in self.buffers), default=0)


@dataclass(eq=False)
class _Option:
    """A way to do a step: channels of a chunk, rows of a stripe, and buffers: name of a tensor
    outside, or None for weights -> (units, how many)."""

    chunks: tuple = ()
    rows: int | None = None
    buffers: dict = field(default_factory=dict)

    @property
    def total(self):
        return sum(size * count for size, count in self.buffers.values())

    def cost(self, height, before):
        """Calls, and cycles for which the first chunk is waited for as calls; ``before``: cycles
        from when it may come."""
        calls = max(1, len(self.chunks)) * (-(-height // self.rows) if self.rows else 1)
        comes = 4 * self.chunks[0].words // _BYTES if self.chunks else 0
        return calls + max(0, comes - before) // _CALL


def _units(size):
    return -(-size // _UNIT) + 1


def _cycles(step):
    """About what a step takes."""
    depthwise = isinstance(step.node, ir.Convolution) and layer_kind(step.node) == "depthwise"
    return 2 * _CALL + step.node.macs // (_DEPTHWISE if depthwise else _PRODUCTS)


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


def _row_counts(step, away, borders, units):
    """Output rows of a stripe that are worth trying: the most whose buffers take half of L1."""
    height = canonical(step.output.shape)[1]

    def size(rows):
        parts = 2 if rows < height else 1
        return parts * sum(_units(4 * stripe_storage(step, tensor, rows, borders).words)
                           for tensor in away)
    fitting = [rows for rows in range(1, height + 1) if size(rows) <= units // 2]
    most = max(fitting, default=1)
    return sorted({most, max(1, most // 2), 1}, reverse=True)


def _few_pixels(step):
    _, height, width = canonical(step.output.shape)
    return height * width <= _FEW_PIXELS


def _streamed(step, ways):
    """Of ways to cut a layer's weights into chunks those that are worth trying."""
    if not _few_pixels(step):
        return ways
    return [chunks for chunks in ways if 4 * chunks[0].words <= _PART] or ways[-1:]


class _Search:
    def __init__(self, steps, l1_bytes):
        self.steps, self.l1_bytes, self.units = steps, l1_bytes, l1_bytes // _UNIT
        self.lives = _lives(steps)
        self.planar = planar_maps(steps)
        for name, down in self.planar.items():
            mark_planar(steps, name, down is not None)
        self.storages = {name: storage_of(tensor, steps.borders.get(name, Border()),
                                          self.planar.get(name))
                         for name, (tensor, _, _) in self.lives.items()}
        self.chunks = {step: self._ways(step)
                       for step in steps.steps if isinstance(step.node, ir.Convolution)}
        self.outside = set()

    @staticmethod
    def _ways(step):
        return _streamed(step, [layer_chunks(step, size) for size in chunk_sizes(step)])

    def _by_pixels(self, steps):
        """Planar maps of steps that work on stripes are none."""
        for step in steps:
            for tensor in (*step.sources, step.output):
                name = self.steps.place(tensor).name
                if self.planar.pop(name, None) is None:
                    continue
                mark_planar(self.steps, name, False)
                self.storages[name] = storage_of(tensor, self.storages[name].border)
                self.chunks |= {each: self._ways(each) for each in self.chunks
                                if each.sources[0].name == name}

    def _away(self, step):
        """Tensors of a step that lie outside, each once."""
        tensors = {self.steps.place(each).name: each for each in (*step.sources, step.output)}
        return [each for name, each in tensors.items() if name in self.outside]

    def deep(self):
        """Steps of whose weights two chunks may be on their way: they and the ones before have few
        pixels, and their maps lie in L1."""
        found, before = set(), True
        for step in self.steps.steps:
            if step in self.chunks:
                few = _few_pixels(step) and not self._away(step)
                found |= {step} if few and before else set()
                before = few
        return found

    def possible(self, at):
        """Ways to do a step that leave room for the maps in L1; the smallest, if none does."""
        options = self.options(self.steps.steps[at])
        room = self.units - sum(size for _, size in self.maps_at(at))
        return [each for each in options if each.total <= room] or [
            min(options, key=lambda each: each.total)]

    def options(self, step):
        """Ways to do a step."""
        away = self._away(step)
        heights: list = (_row_counts(step, away, self.steps.borders, self.units) if away
                         else [None])
        found, most = [], 3 if step in self.deep() else 2
        for rows in heights:
            for chunks in self.chunks.get(step, [()]):
                option = _Option(tuple(chunks), rows)
                if chunks:
                    option.buffers[None] = (_units(4 * max(each.words for each in chunks)),
                                            min(most, len(chunks)))
                for tensor in away:
                    stripe = stripe_storage(step, tensor, rows, self.steps.borders)
                    parts = 2 if rows < canonical(step.output.shape)[1] else 1
                    option.buffers[self.steps.place(tensor).name] = _units(4 * stripe.words), parts
                found.append(option)
        return found

    def maps_at(self, at):
        """(name, units) of the maps in L1 at a step."""
        return [(name, _units(4 * self.storages[name].words))
                for name, (_, first, last) in self.lives.items()
                if first <= at <= last and name not in self.outside]

    def needs(self):
        """(bytes, step number) that each step takes at least, the largest first."""
        options = [self.options(step) for step in self.steps.steps]
        # The first chunk of the next layer comes while a step works.
        found, coming = [], 0
        for at in range(len(options) - 1, -1, -1):
            least = min(option.total for option in options[at])
            maps = sum(size for _, size in self.maps_at(at))
            found.append((_UNIT * (maps + least + coming), at))
            if options[at][0].chunks:
                coming = min(option.buffers[None][0] for option in options[at])
        return sorted(found, reverse=True)

    def put_outside(self, at):
        """Move the largest map of a step outside, if all that touch it can work on stripes."""
        touching = {}
        for step in self.steps.steps:
            for tensor in (*step.sources, step.output):
                touching.setdefault(self.steps.place(tensor).name, []).append(step)
        possible = [(size, name) for name, size in self.maps_at(at)
                    if all(may_stripe(step) for step in touching[name])]
        if not possible:
            return False
        name = max(possible)[1]
        self.outside.add(name)
        self._by_pixels(touching[name])
        return True


class _Model:
    def __init__(self, search):
        self.model, self.search = cp_model.CpModel(), search
        self.times, self.places, self.made = [], [], []
        self.chosen, costs = {}, []
        for name, (_, first, last) in search.lives.items():
            if name not in search.outside:
                self._buffer(name, "map", _units(4 * search.storages[name].words), first, last)
        self.deep = search.deep()
        # Of the last steps with weights.
        before, cycles = (0, 0), 0
        for at, step in enumerate(search.steps.steps):
            options, passed, cycles = search.possible(at), cycles, cycles + _cycles(step)
            if not options[0].buffers:
                continue
            literals = [self.model.new_bool_var("") for _ in options]
            self.model.add_exactly_one(literals)
            height = canonical(step.output.shape)[1]
            for literal, option in zip(literals, options, strict=True):
                costs.append(option.cost(height, passed) * literal)
                self._option(step, option, literal, before, at)
            self.chosen[step] = list(zip(literals, options, strict=True))
            if options[0].chunks:
                before, cycles = (before[1], at), _cycles(step)
        self.model.add_no_overlap_2d(self.times, self.places)
        self.costs = costs

    def _option(self, step, option, literal, before, at):
        for name, (size, count) in option.buffers.items():
            what = "weights" if name is None else "stripe"
            for part in range(count):
                # The first chunk comes while the layer before computes, or the one before that.
                early = before if step in self.deep else before[1:]
                first = early[part] if what == "weights" and part < len(early) else at
                self._buffer((step, name, part), what, size, first, at, literal)

    def _buffer(self, key, what, size, first, last, literal=None):
        """A rectangle, only there where ``literal`` is."""
        model = self.model
        if size > self.search.units:
            assert literal is not None
            model.add(literal == 0)
            return
        begin = model.new_int_var(0, self.search.units - size, "")
        for intervals, start, length in ((self.times, first, last + 1 - first),
                                         (self.places, begin, size)):
            intervals.append(
                model.new_fixed_size_interval_var(start, length, "") if literal is None else
                model.new_optional_fixed_size_interval_var(start, length, literal, ""))
        self.made.append((key, what, begin, size, first, last, literal))

    def solve(self):
        """The Plan, or None when there is none."""
        solver = _solved(self.model, _FIND)
        if solver is None:
            return None
        # From there on to fewer transfers.
        for _, _, begin, *_ in self.made:
            self.model.add_hint(begin, solver.value(begin))
        for ways in self.chosen.values():
            for literal, _ in ways:
                self.model.add_hint(literal, solver.boolean_value(literal))
        self.model.minimize(sum(self.costs))
        solver = _solved(self.model, _IMPROVE) or solver
        search = self.search
        plan = Plan(search.storages, {}, search.outside, {}, {}, {}, {}, [], search.l1_bytes,
                    self.deep)
        for step, ways in self.chosen.items():
            option = next(each for literal, each in ways if solver.boolean_value(literal))
            if option.chunks:
                plan.chunks[step] = layer_words(step, option.chunks), option.chunks
            if option.rows is not None:
                plan.rows[step] = option.rows
        for key, what, begin, size, first, last, literal in self.made:
            if literal is None or solver.boolean_value(literal):
                self._place(plan, key, what, _UNIT * solver.value(begin), _UNIT * size, first, last)
        return plan

    @staticmethod
    def _place(plan, key, what, begin, size, first, last):
        if what == "map":
            plan.addresses[key] = begin
            plan.buffers.append(Buffer(key, what, begin, size, first, last))
            return
        step, name, part = key
        table, place = ((plan.weights, step) if what == "weights" else
                        (plan.stripes, (step, name)))
        table.setdefault(place, []).append(begin)
        label = f"{step.name}/{part}" if what == "weights" else f"{name}/{part}"
        plan.buffers.append(Buffer(label, what, begin, size, first, last))


def _solved(model, seconds):
    """A solver with a solution, or None."""
    solver = cp_model.CpSolver()
    # One worker and one seed: the same plan each time.
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = seconds
    status = solver.solve(model)
    return solver if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def make_plan(steps, l1_bytes):
    """The :class:`Plan` of Steps for an L1 of so many bytes.

    Raises
    ------
    FitError
        names the layer with the largest need, the need, and the L1 that would hold it.
    """
    search = _Search(steps, l1_bytes)
    while True:
        needs = search.needs()
        need, worst = needs[0]
        plan = _Model(search).solve() if need <= l1_bytes else None
        if plan is not None:
            return plan
        # Where each step by itself fits, one next to the worst may be in the way.
        tight = [at for each, at in needs if each > l1_bytes or need <= l1_bytes]
        if not any(search.put_outside(at) for at in tight):
            # A need of less is one that no addresses were found for.
            raise _does_not_fit(steps.steps[worst], max(need, l1_bytes + _UNIT), l1_bytes)


def _does_not_fit(step, need, l1_bytes):
    return FitError(f"Layer {step.name} ({step.output.shape}): its maps and weights need at "
                    f"least {need:,} bytes of L1, of which there are {l1_bytes:,}. What would "
                    f"pass: an L1 of {-(-need // 1024)} kB or more, smaller maps, or fewer bits",
                    l1_bytes=need)
