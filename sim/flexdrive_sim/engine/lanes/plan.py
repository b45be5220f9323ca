"""What a model computes in a cycle, and in which order."""

from .netlist import Cell, Word
from .schedule import Node, schedule
from .sources import Piece, Sources

__all__ = ["Plan"]


class Plan:
    """Nodes of a netlist in order, and which of their words have to be stored.

    Attributes
    ----------
    loops : :class:`~.schedule.Loop` in order.
    stored : combinational words that live in memory between loops, or beyond the evaluation.
    local : combinational word -> loop that makes it.
    uniform : combinational words of modules of several lanes that are the same in all of them.
    edges : (module, memory, clocked read ports, write ports) by stored words.
    outputs : port of the top -> words.
    """

    def __init__(self, netlist):
        self.netlist = netlist
        self.sources = Sources()
        self.words = 10 ** 6        # numbers of words that are made here
        self.edges = []             # (module, memory, read ports, write ports) by stored words
        self.outputs = {}           # port -> words
        self.stored = set()
        self.local = {}             # word -> loop that makes it
        self.uniform = set()
        nodes = self._nodes()
        nodes += self._connections(nodes)
        self.loops = schedule(nodes)
        self._decide_storage()
        self._find_uniform()

    def _reads(self, module, inputs):
        return frozenset(piece.word for bits in inputs.values()
                         for piece in self.sources.pieces(module, bits)
                         if piece.word is not None and piece.word.kind != "state")

    def _nodes(self):
        nodes = []
        for module in self.netlist.modules:
            for cell in module.cells:
                nodes.append(self._cell_node(module, cell))
            for cell in module.registers:
                nodes.append(Node(module, self._reads(module, cell.inputs), (), cell))
            for memory in module.memories:
                nodes += self._memory_nodes(module, memory)
        top = self.netlist.top
        for port, bits in top.outputs.items():
            made = [self._keep(top, bits[at:at + 64]) for at in range(0, len(bits), 64)]
            self.outputs[port] = [node.makes[0] for node in made]
            nodes += made
        return nodes

    def _cell_node(self, module, cell):
        return Node(module, self._reads(module, cell.inputs), (cell.output,), cell)

    def _keep(self, module, bits):
        """A node that stores ``bits`` for use after the evaluation."""
        self.words += 1
        word = Word(module, len(bits), "comb", self.words)
        self.stored.add(word)
        return self._cell_node(module, Cell("$pos", {"A": bits}, word))

    def _whole_word(self, module, bits):
        """The word of this module that ``bits`` are, or None."""
        pieces = self.sources.pieces(module, bits)
        word = pieces[0].word
        whole = (len(pieces) == 1 and word is not None and word.module is module
                 and word.kind != "input" and pieces[0] == Piece(
                     word.width, word, uniform=module.lanes == 1))
        return word if whole else None

    def _memory_nodes(self, module, memory):
        nodes, reads, writes = [], [], []

        def keep(bits):
            bits = bits or ["0"]        # the address of a memory of one word has no bits
            word = self._whole_word(module, bits)
            if word is not None:
                if word.kind == "comb":
                    self.stored.add(word)
                return word
            nodes.append(self._keep(module, bits))
            return nodes[-1].makes[0]

        for address, enable, word, transparent in memory.reads:
            if enable is None:
                nodes.append(Node(module, self._reads(module, {"A": address}), (word,),
                                  (memory, address, word)))
            else:
                reads.append((keep(address), keep([enable]), word, transparent))
        for port in memory.writes:
            writes.append(tuple(keep(bits) for bits in port))
        self.edges.append((module, memory, reads, writes))
        return nodes

    def _connections(self, nodes):
        """Nodes that bring values to the input ports that somebody reads."""
        made, found = set(), []
        wanted = [word for node in nodes for word in node.reads]
        while wanted:
            word = wanted.pop()
            if word.kind != "input" or word in made or not word.module.instances:
                continue
            made.add(word)
            child = word.module
            port, at = next((port, i * 64) for port, words in child.inputs.items()
                            for i, other in enumerate(words) if other is word)
            for parent, site in child.instances:
                bits = (site.inputs.get(port) or [])[at:at + word.width]
                node = Node(parent, self._reads(parent, {"A": bits}), (word,),
                            (site, word, bits))
                found.append(node)
                wanted += node.reads
        return found

    def _decide_storage(self):
        for loop in self.loops:
            for node in loop.nodes:
                for word in node.makes:
                    if word.kind == "comb":
                        self.local[word] = loop
        for loop in self.loops:
            for node in loop.nodes:
                self.stored |= {word for word in node.reads
                                if word.kind == "comb" and self.local[word] is not loop}

    def operands(self, node):
        """{name: bits} of what ``node`` reads."""
        what = node.what
        if isinstance(what, Cell):
            return what.inputs
        return {"A": what[2] if isinstance(what[2], list) else what[1]}

    def words_of(self, node):
        """Words that ``node`` reads, registers too."""
        return {piece.word for bits in self.operands(node).values()
                for piece in self.sources.pieces(node.module, bits) if piece.word is not None}

    def lanes_of(self, word):
        """Elements of the array of ``word``."""
        return 1 if word in self.uniform else word.module.lanes

    def is_uniform(self, piece):
        """Whether ``piece`` is the same for all lanes that read it."""
        return piece.word is None or piece.uniform or piece.word in self.uniform

    def all_uniform(self, module, bits):
        return all(self.is_uniform(piece) for piece in self.sources.pieces(module, bits))

    def _find_uniform(self):
        for loop in self.loops:
            if loop.module.lanes == 1:
                continue
            for node in loop.nodes:
                if isinstance(node.what, Cell) and node.makes and all(
                        self.all_uniform(node.module, bits)
                        for bits in node.what.inputs.values()):
                    self.uniform.update(node.makes)
