"""A network to which advice is applied: the model as it was given, and the node in question."""

from dataclasses import replace

import numpy as np
import onnx
from onnx import helper, numpy_helper

__all__ = ["Draft"]


class Draft:
    """A copy of a model, to be edited at one node.

    Parameters
    ----------
    graph : onnx_graph.Graph, as loaded.
    name : of a node of it, or of one that a pass made, which stands for the node it came from.
    config : ChipConfig.

    Attributes
    ----------
    model, node, config : what the edits change.
    """

    def __init__(self, graph, name, config):
        self._graph, self.config = graph, config
        self.model = onnx.ModelProto.FromString(graph.model.SerializeToString())
        self.node = self.model.graph.node[graph.order[name]]
        self.node.name = name
        self._made = 0

    def shape(self, name):
        """Shape of a value of the model as it was given."""
        return self._graph.shapes[name]

    def constant(self, index):
        """The constant that is an input of the node, None of computed ones."""
        return self._graph.constants.get(self.node.input[index])

    def places(self, constant):
        """Indices of the inputs that are constants, or those that are none."""
        return [index for index, name in enumerate(self.node.input)
                if name and (name in self._graph.constants) == constant]

    def change(self, **changes):
        """Other parameters of the chip."""
        self.config = replace(self.config, **changes)

    def set(self, node=None, **attributes):
        """Attributes of the node (or another); None takes one away."""
        node = self.node if node is None else node
        for name, value in attributes.items():
            for old in [each for each in node.attribute if each.name == name]:
                node.attribute.remove(old)
            if value is not None:
                node.attribute.append(helper.make_attribute(name, value))

    def become(self, operation, inputs, domain="", **attributes):
        """Another operation with these inputs, of one result."""
        del self.node.attribute[:], self.node.output[1:]
        self.node.op_type, self.node.domain = operation, domain
        self.node.input[:] = inputs
        self.set(**attributes)

    def store(self, values, like=None):
        """Name of a new constant, of the type of the value ``like``."""
        kind = (helper.tensor_dtype_to_np_dtype(self._graph.types[like]) if like else None)
        self._made += 1
        name = f"{self.node.name}/advice{self._made}"
        self.model.graph.initializer.append(numpy_helper.from_array(
            np.ascontiguousarray(values, kind), name))
        return name

    def put(self, index, values):
        """A constant in the place of an input."""
        self.node.input[index] = self.store(values, self.node.output[0])

    def before(self, operation, inputs, **attributes):
        """Name of the result of a new node in front of this one."""
        self._made += 1
        name = f"{self.node.name}/advice{self._made}"
        made = helper.make_node(operation, inputs, [name], name, **attributes)
        nodes = list(self.model.graph.node)
        at = nodes.index(self.node)
        self.model.graph.node.insert(at, made)
        self.node = self.model.graph.node[at + 1]
        return name

    def convolution(self, source, channels=None, kernel=1, **attributes):
        """A binary convolution of a map in front of the node: name of its result."""
        inputs = self.shape(source)[1] if source in self._graph.shapes else channels
        weights = np.ones((channels or inputs, inputs, kernel, kernel))
        weights[1::2, ::2] = -1
        return self.before("Conv", [source, self.store(weights, self.node.output[0])],
                           pads=[kernel // 2] * 4, **attributes)

    def readers(self):
        """Nodes that read the node's result."""
        return [other for other in self.model.graph.node if self.node.output[0] in other.input]

    def finished(self):
        """The model; types and shapes of its results, which may be others now, inferred."""
        del self.model.graph.value_info[:]
        given = [onnx.ValueInfoProto.FromString(value.SerializeToString())
                 for value in self.model.graph.output]
        for value in self.model.graph.output:
            value.ClearField("type")
        made = onnx.shape_inference.infer_shapes(self.model)
        for value, before in zip(made.graph.output, given, strict=True):
            if not value.type.tensor_type.elem_type:    # behind what ONNX does not know
                value.type.CopyFrom(before.type)
        return made
