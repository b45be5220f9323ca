"""An ONNX graph read node by node into integers: expressions in, integer operations out.

:mod:`.operators` says what each ONNX operator does to an expression. What is the same for all of
them stands here: making a map of an expression, and names.
"""

from fractions import Fraction

import numpy as np

from flexdrive_deploy.frontend.evaluator import Evaluator, named_apart
from flexdrive_deploy.frontend.graph import sub_model

from .constants import Constants
from .expressions import Function, Quantised, Real, Structured, Sum, View, exact, sum_of
from .host_values import quantise_reals, real_values
from .ir import Input, IntegerGraph, Quantiser, Requantise, Table, Tensor
from .refusal import RefusedNode
from .rounding import round_exact

__all__ = ["IMPORT_HINT", "Importer"]

IMPORT_HINT = ("a network with quantizers in front of every layer: from onnxruntime "
               "(quantize_static) or Brevitas, see docs/flexv-quantising.md; for an input that "
               "already is on a grid, --quantise-input")
_BETWEEN = "a quantizer (QuantizeLinear and DequantizeLinear, or Quant) in front of it"


class Importer:
    """What has been made of a graph so far.

    Attributes
    ----------
    graph : onnx_graph.Graph. constants : :class:`~.constants.Constants` of it.
    inputs : Inputs. nodes : nodes of the integer graph.
    current : the onnx_graph.Node that is being read.
    """

    def __init__(self, graph):
        self.graph, self.constants = graph, Constants(graph)
        self.inputs, self.nodes, self.current = [], [], None
        self._made, self._names = {}, []

    def integer_graph(self, name):
        """What was made, without what nothing reads."""
        return IntegerGraph(name, self.inputs, self.nodes)

    def shape(self, name):
        """Shape of a value without the batch.

        Raises
        ------
        RefusedNode
            when it is not known, or the first axis is not the batch.
        """
        shape = self.graph.shapes.get(name)
        if shape is None:
            raise RefusedNode("the shape of its result depends on the image", "fixed shapes")
        if not shape or shape[0] != 1:
            raise RefusedNode(f"its result has shape {shape}, whose first axis is not the batch",
                              "operators that keep the batch as first axis")
        return shape[1:]

    def tensor_name(self, wanted):
        """A name that no tensor has yet."""
        self._names = named_apart([*self._names, wanted])
        return self._names[-1]

    def add(self, kind, sources, output, **fields):
        """Append a node of the integer graph and give its output: ``output`` is a Tensor. It has
        the name of the ONNX node that is read, or of the value that a quantizer makes."""
        name = output.name if kind in (Requantise, Table) else self.current.name
        self.nodes.append(kind(name, tuple(sources), output, **fields))
        return output

    def like(self, tensor, name, shape, *, low=None, high=None):
        """A Tensor with the meaning and range of another."""
        return Tensor(self.tensor_name(name), tuple(shape),
                      tensor.low if low is None else low, tensor.high if high is None else high,
                      tensor.scale, tensor.zero)

    # Expressions to maps

    def view(self, value, what="its input"):
        """An expression as a View: a map that a layer can read.

        Raises
        ------
        RefusedNode
            when it is none, exactly.
        """
        if isinstance(value, View):
            return value
        if isinstance(value, Real):
            raise RefusedNode(f"{what} is real-valued: no quantizer is in front of it",
                              IMPORT_HINT if not self.inputs else _BETWEEN)
        if isinstance(value, Sum) and len(value.terms) == 1:
            made = self._exact_view(value)
            if made is not None:
                return made
        raise RefusedNode(f"{what} was not quantized after the operators before it", _BETWEEN)

    def _exact_view(self, value):
        """A Sum of one map as a View, if limits and offset lie on its grid; else None."""
        (term,) = value.terms
        factors = {*np.ravel(term.factor).tolist()}
        offsets = {*np.ravel(value.offset).tolist()}
        if term.tensor.scale is None or len(factors) != 1 or len(offsets) != 1:
            return None
        (factor,), (offset,) = factors, offsets
        if factor <= 0:
            return None
        zero = term.zero - Fraction(offset) / factor
        limits = [None if limit is None else Fraction(limit) / factor + zero
                  for limit in (value.low, value.high)]
        if any(each is not None and each.denominator != 1 for each in [zero, *limits]):
            return None
        view = View(term.tensor, Fraction(factor), int(zero))
        if not value.limited:
            return view
        tensor = term.tensor
        low = tensor.low if limits[0] is None else max(tensor.low, int(limits[0]))
        high = tensor.high if limits[1] is None else min(tensor.high, int(limits[1]))
        if low > high:
            return None
        quantiser = Quantiser(view.scale, view.zero, low, high)
        return View(self.map_of(view, quantiser, self.current.outputs[0]), view.scale, view.zero)

    def tensor(self, value):
        """The tensor of a Quantised."""
        return self.map_of(value.source, value.quantiser, value.name)

    def map_of(self, source, quantiser, name):
        """The integers that ``quantiser`` makes of an expression; made once."""
        key = (id(source), quantiser)
        if key not in self._made:
            # The source is kept, so that its id stays its own.
            self._made[key] = source, self._quantised(source, quantiser, name)
        return self._made[key][1]

    def _quantised(self, source, quantiser, name):
        if isinstance(source, Real):
            tensor = self._map(quantiser, name, self.shape(source.name))
            self.inputs.append(Input(source.name, quantiser, tensor))
            return tensor
        if isinstance(source, Quantised):
            raise RefusedNode("it quantizes integers", "DequantizeLinear in front of it")
        if isinstance(source, Function):
            return self._table(source, quantiser, name)
        if isinstance(source, Structured):
            tensors = [self.map_of(inner, quantiser, f"{name}/{index}")
                       for index, inner in enumerate(source.inner)]
            return source.apply(self, tensors, quantiser, name)
        if isinstance(source, View) and not quantiser.sign and (
                source.scale, source.zero) == (quantiser.scale, quantiser.zero):
            return self._clipped(source, quantiser, name)
        if isinstance(source, View | Sum):
            return self._requantised(sum_of(source), quantiser, name)
        raise RefusedNode("what it quantizes is not computed on the cluster", _BETWEEN)

    def _map(self, quantiser, name, shape, low=None, high=None):
        return Tensor(self.tensor_name(name), tuple(shape),
                      quantiser.low if low is None else low,
                      quantiser.high if high is None else high, quantiser.scale, quantiser.zero)

    def _clipped(self, source, quantiser, name):
        """The same integers in another range."""
        tensor = source.tensor
        if quantiser.low <= tensor.low and tensor.high <= quantiser.high:
            return tensor
        low = min(max(quantiser.low, tensor.low), quantiser.high)
        high = max(min(quantiser.high, tensor.high), low)
        return self.add(Requantise, [tensor], self._map(quantiser, name, tensor.shape, low, high),
                        zeros=(0,), factors=(exact(1),), offset=exact(0), added=0,
                        rounding="FLOOR", exact=True)

    def _requantised(self, source, quantiser, name):
        if quantiser.sign:
            output = self._map(quantiser, name, source.shape)
            factors = [term.factor for term in source.terms]
            offset, added, rounding = source.offset, 0, "SIGN"
            if source.limited:
                raise RefusedNode("the sign is taken behind Relu or Clip", "no Relu or Clip")
        else:
            factors = [np.asarray(term.factor / quantiser.scale, object) for term in source.terms]
            offset = np.asarray(source.offset / quantiser.scale, object)
            inside = quantiser.zero if quantiser.inside else 0
            added, rounding = quantiser.zero - inside, quantiser.rounding
            offset = np.asarray(offset + inside, object)
            low, high = quantiser.low, quantiser.high
            ends = [None if limit is None else added + round_exact(
                limit / quantiser.scale + inside, rounding)
                for limit in (source.low, source.high)]
            if ends[0] is not None:
                low = min(max(low, ends[0]), high)
            if ends[1] is not None:
                high = max(min(high, ends[1]), low)
            output = self._map(quantiser, name, source.shape, low, high)
        whole = all(Fraction(each).denominator == 1 for each in np.ravel(offset))
        return self.add(
            Requantise, [term.tensor for term in source.terms], output,
            zeros=tuple(term.zero for term in source.terms),
            factors=tuple(np.asarray(factor, object) for factor in factors),
            offset=np.asarray(offset, object), added=added, rounding=rounding,
            exact=len(source.terms) == 1 and source.terms[0].exact and whole)

    def _table(self, source, quantiser, name):
        view = source.view
        integers = np.arange(view.tensor.low, view.tensor.high + 1)
        model = sub_model(self.graph, source.nodes, [source.source], [source.name])
        for value in [*model.graph.input, *model.graph.output]:
            value.type.tensor_type.ClearField("shape")
            value.type.tensor_type.shape.dim.add().dim_value = len(integers)
        for tensor in model.graph.initializer:
            del tensor.dims[:]
        made = Evaluator(model).run({source.source: real_values(view, integers)})[source.name]
        table = quantise_reals(made, quantiser)
        output = self._map(quantiser, name, source.shape, int(table.min()), int(table.max()))
        return self.add(Table, [view.tensor], output, table=table)

    def declare(self, name, quantiser):
        """The View of an input of the network that its user says the quantiser of."""
        tensor = self.map_of(Real(name), quantiser, name)
        return View(tensor, quantiser.scale, quantiser.zero)

    def attribute(self, name, default=None):
        """Attribute of the current node."""
        return self.current.attributes.get(name, default)

