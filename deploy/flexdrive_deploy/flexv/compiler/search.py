"""What L1 has to hold: lives of maps, which of them lie outside, the ways to do each step."""

from dataclasses import replace

from flexdrive_deploy.flexv.network import ir

from .chain import pareto
from .plan import UNIT, units_of
from .planar import mark_planar, planar_maps
from .storage import Border, canonical, storage_of
from .stripes import may_stripe
from .strips import layer_kind
from .ways import way_cycles, ways_of
from .weights import chunk_sizes, layer_chunks

__all__ = ["Search", "rough_cycles"]

# Layers of few pixels take as long as their weights come: parts of no more bytes than these, so
# that the products of one hide behind the next.
_FEW_PIXELS, _PART = 4, 24 << 10
# About the cycles of a call; products of layers in a cycle.
_CALL, _PRODUCTS, _DEPTHWISE = 600, 25, 6
# Ways of a step in pieces among which addresses decide.
_TRIED = 8


def rough_cycles(step):
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


def _few_pixels(step):
    _, height, width = canonical(step.output.shape)
    return height * width <= _FEW_PIXELS


def _streamed(step, ways):
    """Of ways to cut a layer's weights into chunks those that are worth trying."""
    if not _few_pixels(step):
        return ways
    return [chunks for chunks in ways if 4 * chunks[0].words <= _PART] or ways[-1:]


class Search:
    """Steps of a network for an L1 of so many bytes.

    Attributes
    ----------
    outside : names of maps that lie outside. lives : of :func:`_lives`.
    storages : name of a tensor -> Storage. chunks : step -> ways to cut its weights into Chunks.
    """

    def __init__(self, steps, l1_bytes):
        self.steps, self.l1_bytes, self.units = steps, l1_bytes, l1_bytes // UNIT
        self.lives = _lives(steps)
        self.wanted = planar_maps(steps)
        self.planar = dict(self.wanted)
        for name, down in self.planar.items():
            mark_planar(steps, name, down is not None)
        self.storages = {name: storage_of(tensor, steps.borders.get(name, Border()),
                                          self.planar.get(name))
                         for name, (tensor, _, _) in self.lives.items()}
        self.chunks = {step: self._ways(step)
                       for step in steps.steps if isinstance(step.node, ir.Convolution)}
        self.outside, self._known = set(), {}

    @staticmethod
    def _ways(step):
        return _streamed(step, [layer_chunks(step, size) for size in chunk_sizes(step)])

    def _lay(self, steps):
        """Maps of steps that work on pieces: planar ones are so outside alone, in rows."""
        for step in steps:
            for tensor in (*step.sources, step.output):
                name = self.steps.place(tensor).name
                wanted = self.wanted.get(name)
                planar = wanted if wanted is False and name in self.outside else None
                if planar is self.planar.get(name):
                    continue
                self.planar[name] = planar
                mark_planar(self.steps, name, planar is not None)
                self.storages[name] = storage_of(tensor, self.storages[name].border, planar)
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
        options = [each for each in self.options(self.steps.steps[at]) if not each.late]
        if options[0].cut is not None:
            best = pareto(options)
            options = best[::-(-len(best) // _TRIED)]
        room = self.units - sum(size for _, size in self.maps_at(at))
        return [each for each in options if each.total <= room] or [
            min(options, key=lambda each: each.total)]

    def options(self, step):
        """The Ways to do a step."""
        away = self._away(step)
        most = 3 if step in self.deep() else 2
        key = (step, step.planar_source, step.planar_output, most,
               bool(self.outside), tuple(each.name for each in away))
        if key not in self._known:
            ways = ways_of(step, away, self.steps, self.chunks.get(step, [()]), most)
            for way in ways if away else ():
                way.cycles = way_cycles(step, way, away, self.steps)
            if self.outside:
                ways = [*ways, *(replace(way, late=True) for way in ways if way.chunks)]
            self._known[key] = ways
        return self._known[key]

    def maps_at(self, at):
        """(name, units) of the maps in L1 at a step."""
        return [(name, units_of(self.storages[name].words))
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
            found.append((UNIT * (maps + least + coming), at))
            if options[at][0].chunks:
                coming = min(option.buffers[None][0] for option in options[at])
        return sorted(found, reverse=True)

    def touching(self, name):
        """Steps that read or write a map in L1, if all can work on stripes; else none."""
        found = [step for step in self.steps.steps for tensor in (*step.sources, step.output)
                 if self.steps.place(tensor).name == name]
        return found if all(map(may_stripe, found)) else []

    def move_outside(self, name):
        """Move a map outside."""
        self.outside.add(name)
        self._lay(self.touching(name))

    def put_outside(self, at):
        """Move the largest map of a step outside, if all that touch it can work on stripes."""
        possible = [(size, name) for name, size in self.maps_at(at) if self.touching(name)]
        if not possible:
            return False
        self.move_outside(max(possible)[1])
        return True

    def state(self):
        """What :meth:`restore` takes back."""
        return set(self.outside), dict(self.planar), dict(self.storages), dict(self.chunks)

    def restore(self, state):
        """As it was."""
        self.outside, self.planar, self.storages, self.chunks = state
        for name in self.wanted:
            mark_planar(self.steps, name, self.planar[name] is not None)
