"""C++ of a netlist: structures of arrays over lanes, one function per loop of the schedule."""

from ..ports import mangle
from .loops import AUTOMATIC, Loops, array_type

__all__ = ["generate"]


def _alignment(kind, lanes):
    """Bytes: so that an array meets no more lines of a cache than it must, and none is left empty
    for it."""
    return min(64, 1 << (lanes * int(kind[1:]) // 8 - 1).bit_length())


class _Generator(Loops):
    """Text of a plan, part by part."""

    def structures(self):
        """State, values between loops, memories."""
        registers = [(word, word.module.lanes) for word in self._state_words()]
        read = {word for loop in self.loops for node in loop.nodes for word in node.reads}
        read |= {word for words in self.netlist.top.inputs.values() for word in words}
        inputs = [word for word in read if word.kind == "input"]
        values = [(word, self.lanes_of(word)) for word in [*inputs, *self.stored]]
        for name, words in (("State", registers), ("Comb", values)):
            yield f"struct {name} {{"
            for word, lanes in sorted(words, key=lambda entry: entry[0].index):
                kind = array_type(word.width)
                align = f"alignas({_alignment(kind, lanes)}) " if lanes >= AUTOMATIC else ""
                yield f"\t{align}{kind} v{word.index}[{lanes}];"
            if name == "Comb":
                for steady in self.steady.values():
                    yield from steady.structure(array_type)
            yield "};"
        yield "struct Memories {"
        for module, memory, _, _ in self.edges:
            # Lanes often read the same address: what they read is together.
            yield (f"\t{array_type(memory.width)} m{memory.index}[{memory.depth}]"
                   f"[{module.lanes}];")
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
                yield (f"\tstatic const {array_type(memory.width)} init{memory.index}[] = "
                       f"{{{values}}};")
                yield (f"\tfor (u32 a = 0; a < {memory.depth}; a++) for (u32 l = 0; l < {lanes}; "
                       f"l++) m.m{memory.index}[a][l] = init{memory.index}[a];")
            if writes:
                mask = (1 << memory.width) - 1
                yield (f"\tif (seed) for (u32 l = 0; l < {lanes}; l++) for (u32 a = 0; "
                       f"a < {memory.depth}; a++) m.m{memory.index}[a][l] = "
                       f"random(seed) & 0x{mask:x}ull;")
        yield "}"

    def edge(self):
        """Clocked ports of memories: reads see what was there before the writes."""
        yield ("static void memories(const State &__restrict s, State &__restrict n, "
               "const Comb &__restrict c, Memories &__restrict m) {")
        yield "\t(void)s, (void)n, (void)c, (void)m;"
        for module, memory, reads, writes in self.edges:
            for read in reads:
                yield from self._read_port(module.lanes, memory, *read, writes)
            for write in writes:
                yield from self._write_port(module.lanes, memory, *write)
        yield "}"

    def _read_port(self, lanes, memory, address, enable, word, transparent, writes):
        at, enabled = self.place(address, "l"), self.place(enable, "l")
        yield "\t{"
        yield f"\t\tconst auto &words = m.m{memory.index};"
        if address in self.uniform:
            # One row for all lanes, so that they are read together.
            yield f"\t\tconst u32 row = {at};"
            at = "row"
        yield f"\t\tfor (u32 l = 0; l < {lanes}; l++) {{"
        # A row is looked at in any case, and nothing but a choice depends on the enable.
        yield f"\t\t\tu64 value = {at} < {memory.depth}u ? words[{at}][l] : 0;"
        for port in transparent:
            to, mask, data = (self.place(w, "l") for w in writes[port])
            yield (f"\t\t\tif ({to} == {at}) value = (value & ~(u64){mask}) | "
                   f"({data} & {mask});")
        yield (f"\t\t\tn.v{word.index}[l] = {enabled} ? value : s.v{word.index}[l];")
        yield "\t\t}"
        yield "\t}"

    def _write_port(self, lanes, memory, address, enable, data):
        to, mask, value = (self.place(word, "l") for word in (address, enable, data))
        new = f"(place & ~(u64){mask}) | ((u64){value} & {mask})"
        if address in self.uniform and lanes >= AUTOMATIC:
            yield f"\tif (const u32 row = {to}; row < {memory.depth}u) {{"
            yield "\t\tu64 any = 0;"
            yield f"\t\tfor (u32 l = 0; l < {lanes}; l++) any |= {mask};"
            yield f"\t\tif (any) for (u32 l = 0; l < {lanes}; l++) {{"
            yield f"\t\t\tauto &place = m.m{memory.index}[row][l];"
            yield f"\t\t\tplace = {new};"
            yield "\t\t}"
            yield "\t}"
            return
        yield f"\tfor (u32 l = 0; l < {lanes}; l++) if ({mask} && {to} < {memory.depth}u) {{"
        yield f"\t\tauto &place = m.m{memory.index}[{to}][l];"
        yield f"\t\tplace = {new};"
        yield "\t}"

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
