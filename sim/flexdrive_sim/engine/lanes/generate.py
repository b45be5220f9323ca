"""C++ of a netlist: structures of arrays over lanes, one function per loop of the schedule."""

from ..ports import mangle
from .netlist import Word
from .operators import ctype, expression, mask
from .plan import Plan

__all__ = ["generate"]

_VECTOR = 4     # lanes from which on a loop is worth vector instructions


def _array_type(width):
    """Smallest type that holds a word."""
    return next((f"u{bits}" for bits in (8, 16, 32, 64) if width <= bits), "u128")


def _alignment(kind, lanes):
    """Bytes: so that an array meets no more lines of a cache than it must, and none is left empty
    for it."""
    return min(64, 1 << (lanes * int(kind[1:]) // 8 - 1).bit_length())


class _Generator(Plan):
    """Text of a plan, part by part."""

    def _place(self, word, lane):
        """Array element of a word that is not local."""
        group = "s" if word.kind == "state" else "c"
        return f"{group}.v{word.index}[{lane}]"

    def _piece(self, piece, loop, target):
        """C expression of a piece, of type ``target``."""
        word = piece.word
        if word is None:
            return f"({target}){piece.value}ull" if piece.width <= 64 else self._large(piece)
        if self.local.get(word) is loop:
            text = f"w{word.index}"
        else:
            one_lane = loop.module.lanes == 1
            lane = (str(piece.offset) if piece.uniform or one_lane else
                    f"l + {piece.offset}" if piece.offset else "l")
            text = self._place(word, lane)
        if word.width > 64 or target == "u128":
            text = f"({ctype(word.width)}){text}"
        if piece.low:
            text = f"({text} >> {piece.low})"
        if piece.repeated:
            ones = f"((({target})1 << {piece.width - 1} << 1) - 1)"
            return f"((({target})0 - ({target})({text} & 1)) & {ones})"
        if piece.low + piece.width < word.width:
            text = f"({text} & {mask(piece.width)})"
        return f"({target}){text}"

    def _large(self, piece):
        return f"((u128){piece.value >> 64}ull << 64 | {piece.value & (1 << 64) - 1}ull)"

    def _value(self, module, bits, loop):
        """C expression of up to 128 bits, of type ``ctype(len(bits))``."""
        target = ctype(len(bits))
        parts, at = [], 0
        for piece in self.sources.pieces(module, bits):
            if piece.word is not None or piece.value:
                text = self._piece(piece, loop, target)
                parts.append(f"{text} << {at}" if at else text)
            at += piece.width
        if not parts:
            return f"({target})0"
        return f"({' | '.join(f'({part})' for part in parts)})" if len(parts) > 1 else \
            f"({parts[0]})"

    def _statement(self, node, loop):
        lane = "0" if loop.module.lanes == 1 else "l"

        def value(bits):
            return self._value(node.module, bits, loop)

        what = node.what
        if isinstance(what, tuple) and isinstance(what[1], Word):
            site, word, bits = what
            place = str(site.base) if lane == "0" else f"l + {site.base}"
            return f"c.v{word.index}[{place}] = {value(bits)};"
        if isinstance(what, tuple):
            memory, address, word = what
            where = value(address)
            text = f"m.m{memory.index}[{lane}][{where}]"
            if 1 << len(address) > memory.depth:
                text = f"({where} < {memory.depth}u ? {text} : 0)"
        elif what.kind == "$dff":
            return f"n.v{what.output.index}[{lane}] = {value(what.inputs['D'])};"
        else:
            word, text = what.output, expression(what, value)
        line = f"const {ctype(word.width)} w{word.index} = {text};"
        if word in self.stored:
            line += f" c.v{word.index}[{lane}] = w{word.index};"
        return line

    def loop_functions(self):
        for number, loop in enumerate(self.loops):
            lanes = loop.module.lanes
            # Not inlined: one function of all loops takes a compiler more time than all of them,
            # and has too many values for its registers.
            yield (f"// {loop.module.name}\n"
                   f"__attribute__((noinline)) static void loop{number}("
                   f"const State &__restrict s, State &__restrict n, Comb &__restrict c, "
                   f"const Memories &__restrict m) {{")
            yield "\t(void)s, (void)n, (void)c, (void)m;"
            if lanes >= _VECTOR:
                yield "\t#pragma clang loop vectorize(assume_safety)"
            yield f"\tfor (u32 l = 0; l < {lanes}; l++) {{" if lanes > 1 else "\t{"
            for node in loop.nodes:
                yield "\t\t" + self._statement(node, loop)
            yield "\t}\n}"

    def structures(self):
        """State, values between loops, memories."""
        registers = [(word, word.module.lanes) for word in self._state_words()]
        read = {word for loop in self.loops for node in loop.nodes for word in node.reads}
        read |= {word for words in self.netlist.top.inputs.values() for word in words}
        inputs = [word for word in read if word.kind == "input"]
        values = [(word, word.module.lanes) for word in [*inputs, *self.stored]]
        for name, words in (("State", registers), ("Comb", values)):
            yield f"struct {name} {{"
            for word, lanes in sorted(words, key=lambda entry: entry[0].index):
                kind = _array_type(word.width)
                align = f"alignas({_alignment(kind, lanes)}) " if lanes >= _VECTOR else ""
                yield f"\t{align}{kind} v{word.index}[{lanes}];"
            yield "};"
        yield "struct Memories {"
        for module, memory, _, _ in self.edges:
            yield (f"\t{_array_type(memory.width)} m{memory.index}[{module.lanes}]"
                   f"[{memory.depth}];")
        yield "};"

    def _state_words(self):
        for module in self.netlist.modules:
            for cell in module.registers:
                yield cell.output
        for _, _, reads, _ in self.edges:
            for _, _, word, _ in reads:
                yield word

    def initial(self):
        """Statements for power-up: the initial values, or random ones."""
        yield "static void initialise(State &s, Memories &m, u64 seed) {"
        yield "\t(void)s, (void)m, (void)seed;"
        for word in self._state_words():
            mask = (1 << word.width) - 1
            fill = f"(random(seed) & 0x{mask:x}ull)" if word.width <= 64 else "random(seed)"
            yield (f"\tfor (u32 l = 0; l < {word.module.lanes}; l++) s.v{word.index}[l] = "
                   f"seed ? {fill} : 0x{word.init:x}ull;")
        for module, memory, _, writes in self.edges:
            lanes = module.lanes
            if any(memory.init):
                values = ",".join(map(str, memory.init))
                yield (f"\tstatic const {_array_type(memory.width)} init{memory.index}[] = "
                       f"{{{values}}};")
                yield (f"\tfor (u32 l = 0; l < {lanes}; l++) memcpy(m.m{memory.index}[l], "
                       f"init{memory.index}, sizeof(init{memory.index}));")
            if writes:
                mask = (1 << memory.width) - 1
                yield (f"\tif (seed) for (u32 l = 0; l < {lanes}; l++) for (u32 a = 0; "
                       f"a < {memory.depth}; a++) m.m{memory.index}[l][a] = "
                       f"random(seed) & 0x{mask:x}ull;")
        yield "}"

    def edge(self):
        """Clocked ports of memories: reads see what was there before the writes."""
        yield "static void memories(const State &s, State &n, const Comb &c, Memories &m) {"
        yield "\t(void)s, (void)n, (void)c, (void)m;"
        for module, memory, reads, writes in self.edges:
            if not reads and not writes:
                continue
            yield f"\tfor (u32 l = 0; l < {module.lanes}; l++) {{"
            yield f"\t\tauto &words = m.m{memory.index}[l];"
            for address, enable, word, transparent in reads:
                at = f"c.v{address.index}[l]"
                yield f"\t\tif (c.v{enable.index}[l]) {{"
                yield (f"\t\t\tu64 value = {at} < {memory.depth}u ? words[{at}] : 0;")
                for port in transparent:
                    to, mask, data = (f"c.v{w.index}[l]" for w in writes[port])
                    yield (f"\t\t\tif ({to} == {at}) value = (value & ~(u64){mask}) | "
                           f"({data} & {mask});")
                yield f"\t\t\tn.v{word.index}[l] = value;"
                yield f"\t\t}} else n.v{word.index}[l] = s.v{word.index}[l];"
            for write in writes:
                to, mask, data = (f"c.v{word.index}[l]" for word in write)
                yield f"\t\tif ({mask} && {to} < {memory.depth}u)"
                yield (f"\t\t\twords[{to}] = (words[{to}] & ~(u64){mask}) | "
                       f"((u64){data} & {mask});")
            yield "\t}"
        yield "}"

    def design(self, name):
        """The class that the harness knows."""
        top = self.netlist.top
        ports = {port: sum(word.width for word in words) for port, words in top.inputs.items()}
        ports |= {port: len(bits) for port, bits in top.outputs.items()}
        yield (f"struct {mangle(name)} : simulation<State, Comb, Memories, initialise, memories> "
               f"{{")
        yield "\tusing simulation::simulation;"
        for port, width in ports.items():
            yield f"\tport<{width}> {mangle(port)};"
        yield "\tvoid settle() {"
        yield "\t\tconst State &s = *now; State &n = *next;"
        yield "\t\tComb &c = *values; Memories &m = *memory;"
        for port, words in top.inputs.items():
            at = 0
            for word in words:
                chunks = [f"(u64){mangle(port)}.data[{(at + i) // 32}] << {i}"
                          for i in range(0, word.width, 32)]
                mask = "" if word.width % 32 == 0 else f" & 0x{(1 << word.width) - 1:x}ull"
                yield f"\t\tc.v{word.index}[0] = ({' | '.join(chunks)}){mask};"
                at += word.width
        for number in range(len(self.loops)):
            yield f"\t\tloop{number}(s, n, c, m);"
        for port, words in self.outputs.items():
            at = 0
            for word in words:
                for i in range(0, word.width, 32):
                    yield (f"\t\t{mangle(port)}.data[{(at + i) // 32}] = "
                           f"(u32)(c.v{word.index}[0] >> {i});")
                at += word.width
        yield "\t}"
        clocked = "clk" in top.inputs
        yield "\t// As CXXRTL's models are driven: a step with the clock low, one with it high."
        yield "\tvoid step() {"
        if clocked:
            yield "\t\tif (!p_clk.data[0]) settle(); else if (!level) edge();"
            yield "\t\tlevel = p_clk.data[0];"
        else:
            yield "\t\tsettle();"
        yield "\t}"
        yield "};"


def generate(netlist, name):
    """C++ source of ``netlist``; the class is ``cxxrtl_design::p_NAME`` as of CXXRTL."""
    made = _Generator(netlist)
    return "\n".join(["namespace cxxrtl_design {", *made.structures(), *made.loop_functions(),
                      *made.initial(), *made.edge(), *made.design(name), "}", ""])
