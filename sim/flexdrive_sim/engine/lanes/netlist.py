"""Word-level netlist of a hierarchical design, read from yosys' JSON.

A *word* is what one node makes: the output of a cell, a register, a read port, an input port. Wide
ones are cut into words of at most 64 bits. Operands are lists of bits, in which :mod:`.sources`
finds words again.
"""

from dataclasses import dataclass, field

from ..tools import EngineError

__all__ = ["Cell", "Memory", "Module", "Netlist", "Site", "Word"]

# Operators without carries between bits: they may be cut anywhere.
_BITWISE = {"$and": "AB", "$or": "AB", "$xor": "AB", "$xnor": "AB", "$not": "A", "$pos": "A",
            "$mux": "AB"}
_SHIFTS = {"$shl", "$shr", "$shift", "$shiftx"}
_IGNORED = {"$scopeinfo"}
_LIMIT = 64


@dataclass(eq=False)
class Word:
    """Up to 64 bits, 128 as the result of arithmetic.

    Attributes
    ----------
    kind : ``"comb"``, ``"state"`` (registers and clocked read ports) or ``"input"``.
    init : value at power-up, for state.
    index : unique number.
    """

    module: "Module"
    width: int
    kind: str
    index: int
    init: int = 0


@dataclass(eq=False)
class Cell:
    """An operator: ``inputs`` are lists of bits, ``output`` the word that it makes (None for
    registers: ``output`` is the state that it sets)."""

    kind: str
    inputs: dict
    output: Word
    signed: bool = False
    signed_b: bool = False


@dataclass(eq=False)
class Memory:
    """A ``$mem_v2``. Read ports: (address, enable or None, data words, transparent write ports);
    write ports: (address, enable, data)."""

    width: int
    depth: int
    init: list
    reads: list
    writes: list
    index: int = 0


@dataclass(eq=False)
class Site:
    """An instance of ``child`` in a module; ``base``: lane of the child for lane 0 of the
    parent."""

    child: "Module"
    inputs: dict
    base: int = 0


# Its words, sites and children name each other: written out, a mesh would take all memory.
@dataclass(eq=False, repr=False)
class Module:
    """One module and its instances, one *lane* each."""

    name: str
    inputs: dict = field(default_factory=dict)      # port -> list of words
    outputs: dict = field(default_factory=dict)     # port -> bits
    drivers: dict = field(default_factory=dict)     # bit -> (word, position) or (site, port, i)
    cells: list = field(default_factory=list)
    registers: list = field(default_factory=list)
    memories: list = field(default_factory=list)
    sites: list = field(default_factory=list)
    lanes: int = 0
    clocks: set = field(default_factory=set)
    input_bits: dict = field(default_factory=dict)  # bit -> (port, position)
    instances: list = field(default_factory=list)   # (parent, site)


def _number(text):
    return int(text.replace("x", "0").replace("z", "0"), 2) if text else 0


class Netlist:
    """All modules of a design.

    Parameters
    ----------
    data : parsed output of ``write_json``.
    top : name of the top module.
    separate : names of modules of which each instance becomes a :class:`Module` of its own.

    Raises
    ------
    EngineError
        naming the cell, for what this engine does not simulate: several clocks, asynchronous
        resets, assertions, tristate.
    """

    def __init__(self, data, top, separate=frozenset()):
        self._data = data["modules"]
        self._separate = separate
        self._words = 0
        self._memories = 0
        self._shared = {}
        self.modules = []           # children before parents
        self.top = self._module(top)
        self._count_lanes()

    def _word(self, module, width, kind, init=0):
        self._words += 1
        return Word(module, width, kind, self._words, init)

    def _words_of(self, module, bits, kind, init=None):
        """Words that drive ``bits``, in order."""
        words = []
        for at in range(0, len(bits), _LIMIT):
            part = bits[at:at + _LIMIT]
            value = sum(init.get(bit, 0) << i for i, bit in enumerate(part)) if init else 0
            words.append(self._word(module, len(part), kind, value))
            for i, bit in enumerate(part):
                module.drivers[bit] = words[-1], i
        return words

    def _module(self, name):
        if name in self._shared:
            return self._shared[name]
        data = self._data[name]
        module = Module(name)
        if name not in self._separate:
            self._shared[name] = module
        init = {}
        for net in data["netnames"].values():
            if "init" in net["attributes"]:
                text = net["attributes"]["init"]
                init.update({bit: int(value == "1")
                             for bit, value in zip(net["bits"], reversed(text), strict=False)})
        for port, entry in data["ports"].items():
            if entry["direction"] == "input":
                module.inputs[port] = self._words_of(module, entry["bits"], "input")
                module.input_bits.update((bit, (port, i)) for i, bit in enumerate(entry["bits"]))
            else:
                module.outputs[port] = entry["bits"]
        for cell_name, cell in data["cells"].items():
            self._cell(module, cell_name, cell, init)
        self.modules.append(module)
        return module

    def _cell(self, module, name, cell, init):
        kind, bits = cell["type"], cell["connections"]
        parameters = cell["parameters"]
        if kind in _IGNORED:
            return
        if not kind.startswith("$") or kind in self._data:
            self._site(module, kind, cell)
        elif kind == "$dff":
            if _number(parameters["CLK_POLARITY"]) != 1:
                raise self._unsupported(module, name, "a falling clock edge")
            module.clocks.add(bits["CLK"][0])
            words = self._words_of(module, bits["Q"], "state", init)
            at = 0
            for word in words:
                module.registers.append(Cell(kind, {"D": bits["D"][at:at + word.width]}, word))
                at += word.width
        elif kind == "$mem_v2":
            self._memory(module, name, parameters, bits)
        elif kind in _BITWISE:
            self._bitwise(module, kind, parameters, bits)
        elif kind == "$pmux":
            self._choice(module, bits)
        elif kind in _SHIFTS and max(len(bits["A"]), len(bits["Y"])) > _LIMIT:
            self._wide_shift(module, name, kind, parameters, bits)
        elif "Y" in bits:
            if len(bits["Y"]) > 2 * _LIMIT:
                raise self._unsupported(module, name, f"{kind} of {len(bits['Y'])} bits")
            word = self._word(module, len(bits["Y"]), "comb")
            module.drivers.update((bit, (word, i)) for i, bit in enumerate(bits["Y"]))
            module.cells.append(Cell(
                kind, {port: bits[port] for port in ("A", "B") if port in bits}, word,
                bool(_number(parameters.get("A_SIGNED", "0"))),
                bool(_number(parameters.get("B_SIGNED", "0")))))
        else:
            raise self._unsupported(module, name, f"the cell {kind}")

    def _choice(self, module, bits):
        """$pmux, cut into words."""
        width, at = len(bits["Y"]), 0
        for word in self._words_of(module, bits["Y"], "comb"):
            end = at + word.width
            module.cells.append(Cell("$pmux", {
                "A": bits["A"][at:end], "S": bits["S"],
                "B": [bit for i in range(len(bits["S"]))
                      for bit in bits["B"][i * width + at:i * width + end]]}, word))
            at = end

    def _wide_shift(self, module, name, kind, parameters, bits):
        """A shift over more than a word: bit k of its amount moves everything by 2**k, word by
        word."""
        if _number(parameters["B_SIGNED"]) or _number(parameters["A_SIGNED"]):
            raise self._unsupported(module, name, f"a signed {kind} of {len(bits['A'])} bits")
        width = max(len(bits["A"]), len(bits["Y"]))
        value = bits["A"] + ["0"] * (width - len(bits["A"]))
        for k, choose in enumerate(bits["B"]):
            step = min(1 << k, width)
            moved = (["0"] * step + value[:width - step] if kind == "$shl" else
                     value[step:] + ["0"] * step)
            last = k == len(bits["B"]) - 1
            out = bits["Y"] if last else [(name, k, i) for i in range(width)]
            self._bitwise(module, "$mux", {}, {"A": value[:len(out)], "B": moved[:len(out)],
                                               "S": [choose], "Y": out})
            value = out

    def _bitwise(self, module, kind, parameters, bits):
        width = len(bits["Y"])
        operands = {}
        for port in _BITWISE[kind]:
            operand = bits[port][:width]
            signed = _number(parameters.get(f"{port}_SIGNED", "0"))
            operands[port] = operand + [operand[-1] if signed else "0"] * (width - len(operand))
        at = 0
        for word in self._words_of(module, bits["Y"], "comb"):
            end = at + word.width
            inputs = {port: operand[at:end] for port, operand in operands.items()}
            if kind == "$mux":
                inputs["S"] = bits["S"]
            module.cells.append(Cell(kind, inputs, word))
            at = end

    def _site(self, module, kind, cell):
        child = self._module(kind)
        site = Site(child, {port: cell["connections"][port] for port in child.inputs
                            if port in cell["connections"]})
        module.sites.append(site)
        if "clk" in child.inputs:
            module.clocks.add(cell["connections"]["clk"][0])
        for port in child.outputs:
            for i, bit in enumerate(cell["connections"].get(port, [])):
                module.drivers[bit] = site, port, i

    def _memory(self, module, name, parameters, bits):
        """A memory; of wide words, one for each 64 bits of them."""
        clocked, ports = _number(parameters["RD_CLK_ENABLE"]), _number(parameters["RD_PORTS"])
        for i in range(ports):
            if clocked >> i & 1:
                module.clocks.add(bits["RD_CLK"][i])
                if bits["RD_ARST"][i] != "0" or bits["RD_SRST"][i] != "0":
                    raise self._unsupported(module, name, "a read port with reset")
        module.clocks.update(bits["WR_CLK"][:_number(parameters["WR_PORTS"])])
        for at in range(0, _number(parameters["WIDTH"]), _LIMIT):
            module.memories.append(self._narrow_memory(module, parameters, bits, at))

    def _narrow_memory(self, module, parameters, bits, low):
        """Bits ``low`` on of all words."""
        width, depth = _number(parameters["WIDTH"]), _number(parameters["SIZE"])
        part = min(_LIMIT, width - low)
        text = parameters["INIT"][::-1]
        init = ([_number(text[i * width + low:i * width + low + part][::-1])
                 for i in range(depth)] if "1" in text else [])
        memory = Memory(part, depth, init, [], [], self._memories)
        self._memories += 1
        writes = _number(parameters["WR_PORTS"])

        def of_port(name, i):
            size = _number(parameters["ABITS"]) if name.endswith("ADDR") else width
            return bits[name][i * size:(i + 1) * size]

        def of_word(name, i):
            return of_port(name, i)[low:low + part]

        for i in range(_number(parameters["RD_PORTS"])):
            clocked = _number(parameters["RD_CLK_ENABLE"]) >> i & 1
            transparent = _number(parameters["RD_TRANSPARENCY_MASK"]) >> i * writes
            (word,) = self._words_of(module, of_word("RD_DATA", i),
                                     "state" if clocked else "comb")
            memory.reads.append((of_port("RD_ADDR", i), bits["RD_EN"][i] if clocked else None,
                                 word, [p for p in range(writes) if transparent >> p & 1]))
        for i in range(writes):
            memory.writes.append((of_port("WR_ADDR", i), of_word("WR_EN", i),
                                  of_word("WR_DATA", i)))
        return memory

    def _unsupported(self, module, name, what):
        return EngineError(f"The engine 'lanes' cannot simulate {what} ({name} in {module.name}); "
                           f"backend='cxxrtl' can")

    def _count_lanes(self):
        """Lanes of every module, and where its instances are; checks the clocks."""
        self.top.lanes = 1
        for module in reversed(self.modules):
            for site in module.sites:
                site.base = site.child.lanes
                site.child.lanes += module.lanes
                site.child.instances.append((module, site))
            own = module.inputs.get("clk", [])
            for clock in module.clocks:
                if module.drivers.get(clock, (None,))[0] not in own:
                    raise self._unsupported(module, "its clock", "a clock that is not `clk`")
