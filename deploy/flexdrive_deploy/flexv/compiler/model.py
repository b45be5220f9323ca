"""Addresses in L1 by OR-tools' CP-SAT: rectangles of time and addresses that do not overlap."""

from ortools.sat.python import cp_model

from .plan import UNIT, Buffer, Plan, units_of
from .search import rough_cycles
from .weights import layer_words

__all__ = ["Model"]

# About the cycles of a call; bytes of a transfer in a cycle.
_CALL, _BYTES = 600, 6
# Deterministic seconds: to find a plan, one of ways that are chosen, to make it better.
_FIND, _FIND_CHOSEN, _IMPROVE = 10.0, 2.0, 1.0


def _cost(way, before):
    """Calls, and cycles for which the first chunk is waited for as calls; ``before``: cycles from
    when it may come. Of stripes their cycles as calls."""
    if way.cut is not None:
        return int(way.cycles) // _CALL
    comes = 4 * way.chunks[0].words // _BYTES if way.chunks else 0
    return way.calls + max(0, comes - before) // _CALL


class Model:
    """The model of a :class:`.search.Search`; ``chosen``: step -> the way that it is done, None
    for any."""

    def __init__(self, search, chosen=None):
        self.model, self.search, self.free = cp_model.CpModel(), search, chosen is None
        self.times, self.places, self.made = [], [], []
        self.chosen, costs = {}, []
        for name, (_, first, last) in search.lives.items():
            if name not in search.outside:
                self._buffer(name, "map", units_of(search.storages[name].words), first, last)
        self.deep = search.deep()
        # Of the last steps with weights.
        before, cycles = (0, 0), 0
        for at, step in enumerate(search.steps.steps):
            options = [chosen[step]] if chosen else search.possible(at)
            passed, cycles = cycles, cycles + rough_cycles(step)
            if not options[0].buffers:
                continue
            literals = [self.model.new_bool_var("") for _ in options]
            self.model.add_exactly_one(literals)
            for literal, option in zip(literals, options, strict=True):
                costs.append(_cost(option, passed) * literal)
                self._option(step, option, literal, before, at)
            self.chosen[step] = list(zip(literals, options, strict=True))
            if options[0].chunks:
                before, cycles = (before[1], at), rough_cycles(step)
        self.model.add_no_overlap_2d(self.times, self.places)
        self.costs = costs

    def _option(self, step, option, literal, before, at):
        for name, (size, count) in option.buffers.items():
            what = "weights" if name is None else "stripe"
            for part in range(count):
                # The first chunk comes while the layer before computes, or the one before that.
                early = () if option.late else before if step in self.deep else before[1:]
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
        solver = _solved(self.model, _FIND if self.free else _FIND_CHOSEN)
        if solver is None:
            return None
        if not self.free:
            return self._plan(solver)
        # From there on to fewer transfers.
        for _, _, begin, *_ in self.made:
            self.model.add_hint(begin, solver.value(begin))
        for ways in self.chosen.values():
            for literal, _ in ways:
                self.model.add_hint(literal, solver.boolean_value(literal))
        self.model.minimize(sum(self.costs))
        return self._plan(_solved(self.model, _IMPROVE) or solver)

    def _plan(self, solver):
        search = self.search
        plan = Plan(search.storages, {}, search.outside, {}, {}, {}, {}, {}, [], search.l1_bytes,
                    self.deep, set())
        for step, ways in self.chosen.items():
            option = next(each for literal, each in ways if solver.boolean_value(literal))
            if option.chunks:
                plan.chunks[step] = layer_words(step, option.chunks), option.chunks
            if option.late:
                plan.late.add(step)
            if option.cut is not None:
                plan.cuts[step], plan.cut_cycles[step] = option.cut, option.cycles
        for key, what, begin, size, first, last, literal in self.made:
            if literal is None or solver.boolean_value(literal):
                self._place(plan, key, what, UNIT * solver.value(begin), UNIT * size, first, last)
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
