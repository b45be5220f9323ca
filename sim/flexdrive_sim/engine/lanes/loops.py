"""C++ of the loops of a schedule: one function each, over the lanes of a module."""

from .guard import find_guard
from .netlist import Word
from .operators import expression
from .plan import Plan
from .steady import Steady
from .types import SCALARS, TooWide, Vectors

__all__ = ["AUTOMATIC", "Loops", "array_type"]

AUTOMATIC = 4           # lanes from which on the compiler looks for vector instructions
_EXPLICIT = 16          # lanes from which on they are written
_WIDEST = 32            # lanes of one: of 16 bits, what AVX-512 has


def array_type(width):
    """Smallest type that holds a word."""
    return next((f"u{bits}" for bits in (8, 16, 32, 64) if width <= bits), "u128")


class Loops(Plan):
    """Text of the loops of a plan.

    Attributes
    ----------
    steady : {loop: :class:`~.steady.Steady`} of those that are left out at times.
    """

    def __init__(self, netlist):
        super().__init__(netlist)
        all_loops = {loop: Steady(self, loop, number) for number, loop in enumerate(self.loops)}
        self.steady = {loop: steady for loop, steady in all_loops.items() if steady.pays}

    def place(self, word, lane):
        """Array element of a word that is not local."""
        group = "s" if word.kind == "state" else "c"
        return f"{group}.v{word.index}[{0 if word in self.uniform else lane}]"

    def _lane(self, piece, loop):
        """Lane in which ``piece`` lies."""
        if piece.uniform or loop.module.lanes == 1:
            return str(piece.offset)
        return f"l + {piece.offset}" if piece.offset else "l"

    def _piece(self, piece, loop, width, types):
        """C expression of a piece, of the type of a word of ``width`` bits."""
        word = piece.word
        if word is None:
            return types.constant(piece.value, width)
        if self.local.get(word) is loop:
            text = f"w{word.index}"
        else:
            text = self.place(word, self._lane(piece, loop))
            if types is not SCALARS:
                text = types.load(text, word.width)
        source = word.width
        if piece.low:
            text = f"({text} >> {types.amount(types.constant(piece.low, source), source, source)})"
        if piece.repeated:
            ones = types.constant((1 << piece.width) - 1, width)
            bit = types.convert(f"({text} & {types.constant(1, source)})", width, source)
            return f"(({types.constant(0, width)} - {bit}) & {ones})"
        if piece.low + piece.width < word.width:
            text = f"({text} & {types.constant((1 << piece.width) - 1, source)})"
        return types.convert(text, width, source)

    def _value(self, module, bits, loop, types):
        """C expression of up to 128 bits, of the type of ``len(bits)`` bits."""
        width = len(bits)
        if types is not SCALARS and self.all_uniform(module, bits):
            if width > 64:
                raise TooWide
            return types.spread(self._value(module, bits, loop, SCALARS), width)
        parts, at = [], 0
        for piece in self.sources.pieces(module, bits):
            if piece.word is not None or piece.value:
                if types is not SCALARS and self.is_uniform(piece):
                    text = types.spread(self._piece(piece, loop, width, SCALARS), width)
                else:
                    text = self._piece(piece, loop, width, types)
                if at:
                    text = f"{text} << {types.amount(types.constant(at, width), width, width)}"
                parts.append(f"({text})")
            at += piece.width
        if not parts:
            return types.constant(0, width)
        return f"({' | '.join(parts)})"

    def _expression(self, node, loop, types):
        return expression(node.what, lambda bits: self._value(node.module, bits, loop, types),
                          types)

    def _statement(self, node, loop, types):
        lane = "0" if loop.module.lanes == 1 else "l"
        what = node.what
        if isinstance(what, tuple) and isinstance(what[1], Word):
            site, word, bits = what
            where = str(site.base) if lane == "0" else f"l + {site.base}"
            return self._store(word, where, self._value(node.module, bits, loop, types), types)
        if isinstance(what, tuple):
            return self._read(what, lane, node, loop, types)
        if what.kind == "$dff":
            text = self._value(node.module, what.inputs["D"], loop, types)
            return self._store(what.output, lane, text, types, "n")
        return self._define(what.output, self._expression(node, loop, types), loop, types)

    def _define(self, word, text, loop, types):
        return f"const {types.name(word.width)} w{word.index} = {text};" + \
            self._keep_stored(word, loop, types)

    def _keep_stored(self, word, loop, types):
        if word not in self.stored:
            return ""
        lane = "0" if loop.module.lanes == 1 or word in self.uniform else "l"
        return " " + self._store(word, lane, f"w{word.index}", types)

    def _store(self, word, lane, text, types, group="c"):
        where = f"{group}.v{word.index}[{lane}]"
        return f"{where} = {text};" if types is SCALARS else f"store(&{where}, {text});"

    def _read(self, what, lane, node, loop, types):
        """A read port without a clock."""
        if types is not SCALARS:
            raise TooWide
        memory, address, word = what
        where = self._value(node.module, address, loop, types)
        text = f"m.m{memory.index}[{where}][{lane}]"
        if 1 << len(address) > memory.depth:
            text = f"({where} < {memory.depth}u ? {text} : 0)"
        return self._define(word, text, loop, types)

    def _body(self, loop, nodes, types):
        """Statements of ``nodes`` in order, those that are needed under one condition only behind
        it."""
        guard = find_guard(self, loop, nodes)
        if guard is None:
            yield from (self._statement(node, loop, types) for node in nodes)
            return
        yield from (self._statement(node, loop, types) for node in guard.before)
        for node in guard.chosen:
            word = node.what.output
            yield f"{types.name(word.width)} w{word.index};"
        select = self._value(loop.module, guard.select, loop, SCALARS)
        yield f"if ({select}) {{" if guard.value else f"if (!{select}) {{"
        taken, other = ("B", "A") if guard.value else ("A", "B")
        for node in guard.inside:
            if node in guard.chosen:
                text = self._value(node.module, node.what.inputs[taken], loop, types)
                yield f"\tw{node.what.output.index} = {text};"
            else:
                yield "\t" + self._statement(node, loop, types)
        yield "} else {"
        for node in guard.chosen:
            text = self._value(node.module, node.what.inputs[other], loop, types)
            yield f"\tw{node.what.output.index} = {text};"
        yield "}"
        yield from (self._keep_stored(node.what.output, loop, types) for node in guard.chosen)
        yield from (self._statement(node, loop, types) for node in guard.after)

    def _function(self, loop):
        lanes = loop.module.lanes
        uniform = [node for node in loop.nodes if node.makes and node.makes[0] in self.uniform]
        several = [node for node in loop.nodes if not (
            node.makes and node.makes[0] in self.uniform)]
        for node in uniform:
            yield self._statement(node, loop, SCALARS)
        if lanes == 1:
            yield from self._body(loop, several, SCALARS)
            return
        if lanes >= _EXPLICIT and several:
            vectors = min(_WIDEST, 1 << lanes.bit_length() - 1)
            try:
                body = list(self._body(loop, several, Vectors(vectors)))
            except TooWide:
                pass
            else:
                yield f"VECTORS({vectors})"
                # The last vector begins early enough to be a whole one: what it computes again
                # comes out the same, since nothing that a loop reads is written by it.
                yield f"for (u32 at = 0; at < {lanes}; at += {vectors}) {{"
                yield f"\tconst u32 l = at < {lanes - vectors} ? at : {lanes - vectors};"
                yield from ("\t" + line for line in body)
                yield "}"
                return
        if lanes >= AUTOMATIC:
            yield "#pragma clang loop vectorize(assume_safety)"
        yield f"for (u32 l = 0; l < {lanes}; l++) {{"
        yield from ("\t" + self._statement(node, loop, SCALARS) for node in several)
        yield "}"

    def loop_functions(self):
        for number, loop in enumerate(self.loops):
            # Not inlined: one function of all loops takes a compiler more time than all of them,
            # and has too many values for its registers.
            yield (f"// {loop.module.name}\n"
                   f"__attribute__((noinline)) static void loop{number}("
                   f"const State &__restrict s, State &__restrict n, Comb &__restrict c, "
                   f"const Memories &__restrict m) {{")
            yield "\t(void)s, (void)n, (void)c, (void)m;"
            if loop in self.steady:
                yield from ("\t" + line for line in self.steady[loop].statements())
            yield from ("\t" + line for line in self._function(loop))
            yield "}"
