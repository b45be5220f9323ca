"""A graph that passes change, and what they ask of it."""

import numpy as np
from onnx import helper

from ...frontend.graph import Graph, Node

__all__ = ["Editor"]


class Editor:
    """A copy of a graph, to be rewritten.

    A name that the model as it was given has keeps its value, whatever is rewritten; values that it
    has not get new names.

    Attributes
    ----------
    graph : onnx_graph.Graph, the copy; its nodes and values are current after each change.
    config : ChipConfig of the chip that the network is for.
    """

    def __init__(self, graph, config):
        self.config = config
        self._given = {node.name for node in graph.nodes}
        self._names = {*graph.order, *graph.constants, *graph.types}
        self.graph = Graph(list(graph.nodes), dict(graph.constants), dict(graph.types),
                           dict(graph.shapes), list(graph.inputs), list(graph.outputs),
                           graph.model, list(graph.folded), dict(graph.order), graph.kernels)
        self._index()

    def _index(self):
        self._makers, consumers = {}, {}
        for node in self.graph.nodes:
            self._makers |= dict.fromkeys(node.outputs, node)
            for name in dict.fromkeys(node.inputs):
                consumers.setdefault(name, []).append(node)
        self.graph.consumers = consumers

    def maker(self, name, *operations):
        """The node that makes a value, None when there is none, or, with ``operations`` given, one
        of another operation."""
        node = self._makers.get(name)
        fits = node is not None and not node.domain and node.operation in operations
        return node if not operations or fits else None

    def readers(self, name):
        """Nodes that read a value."""
        return self.graph.consumers.get(name, [])

    def alone(self, name):
        """Whether one node reads a value, and nothing else."""
        return len(self.readers(name)) == 1 and name not in self.graph.outputs

    def shape(self, name):
        """Shape of a value, () when it is not known (or a scalar)."""
        return self.graph.shapes.get(name, ())

    def is_map(self, name):
        """Whether a value is one map (1, C, H, W) of known size."""
        return len(self.shape(name)) == 4 and self.shape(name)[0] == 1

    def constant(self, name):
        """Array of a constant, None of any other value."""
        return self.graph.constants.get(name)

    def maps(self, node):
        """Inputs of a node that are no constants, in order, each once."""
        return [name for name in dict.fromkeys(node.inputs)
                if name and name not in self.graph.constants]

    def _new(self, name):
        while name in self._names:
            name += "'"
        self._names.add(name)
        return name

    def store(self, values, like):
        """Name of a new constant; ``like``: name of a value whose type it takes, or a dtype."""
        kind = (helper.tensor_dtype_to_np_dtype(self.graph.types[like])
                if isinstance(like, str) else like)
        array = np.ascontiguousarray(np.asarray(values), kind).reshape(np.shape(values))
        name = self._new("constant")
        self.graph.constants[name], self.graph.shapes[name] = array, array.shape
        self.graph.types[name] = helper.np_dtype_to_tensor_dtype(array.dtype)
        return name

    def node(self, origin, operation, inputs, shape, *, result=None, domain="", **attributes):
        """A new node of one result, for :meth:`replace`.

        Parameters
        ----------
        origin : Node that it stands for, whose place, name and type it takes.
        inputs : names; shape : of its result.
        result : name of the result, when it is one that exists already.
        """
        name = self._new(f"{origin.name}/{operation.lower()}")
        made = result or self._new(f"{origin.outputs[0]}/{operation.lower()}")
        proto = helper.make_node(operation, list(inputs), [made], name, domain=domain or None,
                                 **attributes)
        self.graph.shapes[made] = tuple(int(size) for size in shape)
        self.graph.types[made] = self.graph.types[origin.outputs[0]]
        self.graph.order[name] = self.graph.order[origin.name]
        kept = {a.name: helper.get_attribute_value(a) for a in proto.attribute}
        return Node(name, operation, domain, list(inputs), [made], kept, proto)

    def again(self, node, inputs, shape, *, result=None, **attributes):
        """``node`` with other inputs, and its attributes but for those given."""
        return self.node(node, node.operation, inputs, shape, result=result, domain=node.domain,
                         **(node.attributes | attributes))

    def reshaped(self, origin, name, shape, result=None):
        """Reshape of a value."""
        return self.node(origin, "Reshape", [name, self.store(np.array(shape), np.int64)], shape,
                         result=result)

    def replace(self, old, made, why):
        """Put nodes in the place of ``old``, whose results they make; what nothing reads any more
        goes. Always True.

        Parameters
        ----------
        made : new nodes in order; their inputs are there where ``old`` stands.
        why : the name of the pass.
        """
        at = self.graph.nodes.index(old)
        self.graph.nodes[at:at + 1] = made
        self._tidy([old], why)
        return True

    def forward(self, node, name, why):
        """Let the readers of a node's first result read ``name`` instead; whether that was possible
        (results of the network keep their name)."""
        old = node.outputs[0]
        if old in self.graph.outputs:
            return False
        self.graph.nodes = [self._reading(other, old, name) for other in self.graph.nodes]
        self._tidy([], why)
        return True

    def substitute(self, old, made, names, why):
        """Put nodes in the place of ``old``, and let the readers of its results read ``names``, one
        for each. Always True."""
        at = self.graph.nodes.index(old)
        self.graph.nodes[at:at + 1] = made
        for result, name in zip(old.outputs, names, strict=True):
            self.graph.nodes = [self._reading(node, result, name) for node in self.graph.nodes]
        self._tidy([old], why)
        return True

    def reread(self, reader, made, why):
        """Let ``reader`` read the results of new nodes; ``made``: index of an input -> Node.
        Always True."""
        inputs = [made[index].outputs[0] if index in made else name
                  for index, name in enumerate(reader.inputs)]
        at = self.graph.nodes.index(reader)
        self.graph.nodes[at:at + 1] = [*made.values(), self._with_inputs(reader, inputs)]
        self._tidy([], why)
        return True

    def _with_inputs(self, node, inputs):
        proto = type(node.proto)()
        proto.CopyFrom(node.proto)
        proto.input[:] = inputs
        return Node(node.name, node.operation, node.domain, inputs, node.outputs,
                    node.attributes, proto)

    def _reading(self, node, old, new):
        if old not in node.inputs:
            return node
        return self._with_inputs(node, [new if name == old else name for name in node.inputs])

    def _tidy(self, gone, why):
        """Drop what nothing reads, and say of the model's own nodes what became of them."""
        needed, kept = set(self.graph.outputs), []
        for node in reversed(self.graph.nodes):
            if needed.intersection(node.outputs):
                needed.update(node.inputs)
                kept.append(node)
            else:
                gone.append(node)
        self.graph.nodes = kept[::-1]
        self.graph.folded += [(node.name, node.operation, f"rewritten: {why}") for node in gone
                              if node.name in self._given]
        self._given -= {node.name for node in gone}
        self._index()
