"""The C of one step: its constants and its kernel calls."""

import numpy as np

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint, Ratio, Sign

from .dot_layer import Geometry, dot_layer
from .dots import dots_of
from .scales import even_mean, packed_rounding, packed_scales
from .storage import canonical
from .strips import layer_kind, strips_of
from .sums import sums_of
from .weights import sign_numbers

__all__ = ["StepCode"]

# Numbers of an array that every core has in L1.
_SHORT = 256
_CHANNEL_AXES = {1: (0,), 2: (0, 2), 3: (0, 1, 2)}


def c_array(kind, name, values, per_line=12):
    """A constant array in C."""
    texts = [str(int(value)) for value in np.ravel(values)]
    lines = [", ".join(texts[at:at + per_line]) for at in range(0, len(texts), per_line)]
    body = ",\n\t".join(lines)
    # Long ones stay outside of L1.
    place = " NET_DATA" if len(texts) <= _SHORT else ""
    return f"static const {kind} {name}[{len(texts)}]{place} = {{\n\t{body}\n}};"


class StepCode:
    """C of one step.

    Attributes
    ----------
    constants : definitions at file scope. calls : statements; a barrier stands between them.
    prepared : for each call a statement that may stand in front of that barrier, or None.
    kernel : of steps that can work on stripes, function of (C of the sources' maps, of the
        output's, of the window, number of the chunk, suffix for names, Geometry, the chunk's first
        channel in these maps) -> (what prepares it or None, statement).
    kernels : symbols of kernels of dot products that it calls, and their argument's type.
    """

    def __init__(self, step, name, maps, chunks, storages, instructions, *, pieces=False):
        self.pieces = pieces
        self.step, self.name, self.maps, self.chunks = step, name, maps, chunks
        self.storages, self.instructions = storages, instructions
        self.constants, self.calls, self.prepared, self.kernel = [], [], [], None
        self.kernels, self._layers = set(), {}
        getattr(self, "_" + type(step.node).__name__.lower())(step.node)

    def whole(self):
        """Calls on whole maps, when the step is one kernel."""
        if self.kernel is None:
            return
        ins, window = [self._map(each) for each in self.step.sources], self.window()
        source, output = (self.storages(each) for each in (self.step.sources[0], self.step.output))
        pads = getattr(self.step.node, "pads", (0,))
        geometry = Geometry(source, output, output.height, pads[0])
        firsts = [chunk.first for chunk in self.chunks] or [0]
        made = [self.kernel(ins, self._out, window, index, "", geometry, first)
                for index, first in enumerate(firsts)]
        self.prepared, self.calls = [each for each, _ in made], [each for _, each in made]

    def _simple(self, kernel):
        """A kernel without anything to prepare: (maps' C, output's, window's, suffix) -> C."""
        self.kernel = lambda ins, out, window, index, suffix, geometry, first: (
            None, kernel(ins, out, window, suffix))

    def _layer(self, geometry):
        """Name of the constants of a layer of dot products for some maps."""
        kind, kernel, text = dot_layer(self.step, geometry, self.chunks[0].count,
                                       self.instructions)
        if text not in self._layers:
            name = f"{self.name}_dots" + (f"_{len(self._layers)}" if self._layers else "")
            self._layers[text] = name
            self.constants.append(f"#ifdef NETWORK_DOTS\nstatic const struct {kind} {name} NET_DATA"
                                  f" = {{\n\t{text}}};\n#endif")
            argument = "net_strips *work" if kind == "net_strips_layer" else "net_tiles *tiles"
            self.kernels.add(f"void {kernel}(struct {argument});")
        return f"NET_DOTS({self._layers[text]})"

    def _map(self, tensor):
        return f"&{self.maps[tensor.name]}"

    @property
    def _in(self):
        return self._map(self.step.sources[0])

    @property
    def _out(self):
        return self._map(self.step.output)

    def _requant(self):
        """Name of the step's net_requant, "NULL" when it stores sums."""
        rule, output = self.step.rule, self.step.output
        if rule is None:
            return "NULL"
        shift = addend_shift = added = 0
        rounding = "SIGN"
        if isinstance(rule, FixedPoint):
            shift, addend_shift = rule.shift, rule.addend_shift
            rounding, added = rule.rounding, rule.added
        elif isinstance(rule, Ratio):
            rounding, added = rule.rounding, rule.added
        low, high = output.low, output.high
        if isinstance(self.step.node, ir.Convolution) and packed_scales(self.step) is not None:
            # What is below the range of rq.pack.c is part of the addends.
            low, high = 0, high - low
            rounding, added = packed_rounding(self.step), 0
        name = f"{self.name}_requant"
        self.constants.append(
            f"static const struct net_requant {name} NET_DATA = {{.shift = {shift},\n\t"
            f".addend_shift = {addend_shift}, .rounding = NET_{rounding}, .added = {added}, "
            f".low = {low}, .high = {high}}};")
        return f"&{name}"

    def window(self, above=None):
        """C of the step's window, "" when it has none.

        Parameters
        ----------
        above : rows of the first window in front of the map; None for the step's own.
        """
        node = self.step.node
        if not isinstance(node, ir.Convolution | ir.MaxPool | ir.WindowSum):
            return ""
        kernel = node.weights.shape[2:] if isinstance(node, ir.Convolution) else node.kernel
        name = f"{self.name}_window" + ("" if above is None else f"_{above}")
        text = (
            f"static const struct net_window {name} NET_DATA = {{.height = {kernel[0]}, .width = "
            f"{kernel[1]}, .stride_y = {node.strides[0]}, .stride_x = {node.strides[1]},\n\t"
            f".dilation_y = {node.dilations[0]}, .dilation_x = {node.dilations[1]}, .top = "
            f"{node.pads[0] if above is None else above}, .left = {node.pads[1]}}};")
        if text not in self.constants:
            self.constants.append(text)
        return f"&{name}"

    def _convolution(self, node):
        requant = self._requant()
        kind = layer_kind(node)
        parameter = {"convolve": "", "grouped": f"{node.groups}, ", "depthwise":
                     f"{len(node.weights) // node.groups}, "}[kind]
        scaled = int(self.step.rule is not None)
        strips, dotted = strips_of(self.step), dots_of(self.step) is not None

        def kernel(ins, out, window, index, _, geometry, first):
            chunk, prepare = self.chunks[index], None
            layer = self._layer(geometry) if dotted else "NULL"
            if strips:
                return f"net_prepare_strips({layer});", (
                    f"net_depthwise_strips({ins[0]}, {out}, {window}, WEIGHTS({index}), "
                    f"{first},\n\t\t{chunk.count}, {int(strips.down)}, {requant}, {layer});")
            if dotted:
                # The chunks of whole maps have one table.
                known = 0 if self.pieces else first
                prepare = f"net_prepare({layer}, {ins[0]}, {out}, {known});"
            end = "" if kind == "grouped" else f", {layer}"
            return prepare, (
                f"net_{kind}({ins[0]}, {out}, {window}, {node.weight_bits}, WEIGHTS({index}),"
                f"\n\t\t{first}, {chunk.count}, {parameter}{requant}, {scaled}{end});")
        self.kernel = kernel

    def _steps(self, array, kind, name):
        """Define an array that broadcasts to the output; "steps" of it in C."""
        shape = self.step.output.shape
        wide = np.reshape(array, (1,) * (len(shape) - array.ndim) + array.shape)
        # In the canonical order of axes, each either whole or one.
        target = canonical(shape)
        full = np.broadcast_to(wide, shape).reshape(target)
        keep = [axis for axis in range(3) if not (full == full.take([0], axis)).all()]
        small = full[tuple(slice(None) if axis in keep else slice(0, 1) for axis in range(3))]
        self.constants.append(c_array(kind, name, small))
        counts = small.shape
        steps = [counts[1] * counts[2], counts[2], 1]
        return ", ".join(str(step if count > 1 else 0)
                         for step, count in zip(steps, counts, strict=True))

    def _zero(self, index):
        """Zero point of a source in what memory holds of it."""
        source = self.step.node.sources[index]
        return self.step.node.zeros[index] - (source.low if source.scale is not None else 0)

    def _requantise(self, node):
        rule = self.step.rule
        halves = even_mean(self.step)
        if halves is not None:
            self._even_mean(halves)
            return
        requant = self._requant()
        if isinstance(rule, Ratio):
            names = [f"{self.name}_{part}" for part in ("numerator", "denominator")]
            numerator, denominator = np.broadcast_arrays(rule.numerator, rule.denominator)
            # Both in the same steps.
            pairs = [self._steps(each, "int64_t", name) for each, name in
                     zip((numerator, denominator), names, strict=True)]
            if pairs[0] != pairs[1]:
                del self.constants[-2:]
                pairs = [self._full(each, "int64_t", name) for each, name in
                         zip((numerator, denominator), names, strict=True)]
            self.constants.append(f"static const struct net_ratio {self.name}_ratio NET_DATA = "
                                  f"{{{names[0]}, {names[1]}, {pairs[0]}}};")
            self._simple(lambda ins, out, window, suffix: (
                f"net_scale_exactly({ins[0]}, {self._zero(0)}, &{self.name}_ratio, {out}, "
                f"{requant});"))
            return
        if isinstance(rule, Sign):
            reach = max(abs(end - node.zeros[0]) for end in (node.sources[0].low,
                                                             node.sources[0].high))
            multiplier, addend = sign_numbers(rule, reach)
            multipliers = [multiplier]
        else:
            multipliers, addend = rule.multipliers, rule.addend
        terms = []
        for index, multiplier in enumerate(multipliers):
            name = f"{self.name}_multiplier{index}"
            terms.append((self._zero(index), name, self._steps(multiplier, "int32_t", name)))
        steps, sums = self._steps(addend, "int32_t", f"{self.name}_addend"), self._sums()

        def kernel(ins, out, _, suffix):
            name = f"{self.name}_terms{suffix}"
            body = ",\n\t".join(f"{{{source}, {zero}, {multiplier}, {distances}}}" for
                                source, (zero, multiplier, distances) in
                                zip(ins, terms, strict=True))
            self.constants.append(
                f"static const struct net_term {name}[] NET_DATA = {{\n\t{body}\n}};")
            return (f"net_sum({name}, {len(terms)}, {self.name}_addend, {steps}, {out}, "
                    f"{requant}, {sums});")
        self._simple(kernel)

    def _sums(self):
        """Name of the step's net_sums, "NULL" when there is no kernel for it."""
        sums, name = sums_of(self.step), f"{self.name}_sums"
        if sums is None:
            return "NULL"
        self.kernels.add(sums.kernel.declaration)
        self.constants.append(f"#ifdef NETWORK_DOTS\nstatic const struct net_sums {name} NET_DATA"
                              f" = {sums.c_values()};\n#endif")
        return f"NET_DOTS({name})"

    def _even_mean(self, mean):
        """A quotient by a power of two, rounded to even, as a sum that ties."""
        name, high = self.name, self.step.output.high - self.step.output.low
        self.constants += [
            f"static const struct net_requant {name}_requant NET_DATA = {{.shift = {mean.shift}, "
            f".rounding = NET_{mean.rounding}, .high = {high}}};",
            c_array("int32_t", f"{name}_multiplier", [mean.multiplier]),
            c_array("int32_t", f"{name}_addend", [mean.addend])]

        def kernel(ins, out, _, suffix):
            self.constants.append(f"static const struct net_term {name}_terms{suffix} NET_DATA = "
                                  f"{{{ins[0]}, {self._zero(0)}, {name}_multiplier}};")
            return (f"net_sum(&{name}_terms{suffix}, 1, {name}_addend, 0, 0, 0, {out}, "
                    f"&{name}_requant, NULL);")
        self._simple(kernel)

    def _full(self, array, kind, name):
        target = canonical(self.step.output.shape)
        self.constants.append(c_array(kind, name, np.broadcast_to(
            array, self.step.output.shape).reshape(target)))
        return f"{target[1] * target[2]}, {target[2]}, 1"

    def _windowsum(self, node):
        zero = node.zero - node.sources[0].low
        self._simple(lambda ins, out, window, suffix: (
            f"net_window_sum({ins[0]}, {out}, {window}, {zero});"))

    def _maxpool(self, _):
        self._simple(lambda ins, out, window, suffix: (
            f"net_max_pool({ins[0]}, {out}, {window});"))

    def _table(self, node):
        self.constants.append(c_array("uint8_t", f"{self.name}_table", node.table - node.output.low,
                                      20))
        self._simple(lambda ins, out, window, suffix: (
            f"net_table({ins[0]}, {out}, {self.name}_table);"))

    def _place(self, source, at, shape, shift):
        axes = _CHANNEL_AXES[len(shape)]
        place = [0, 0, 0]
        for axis, begin in zip(axes, at, strict=True):
            place[axis] = begin
        self.calls.append(f"net_place({self._map(source)}, {self._out}, {place[0]}, {place[1]}, "
                          f"{place[2]}, {shift});")

    def _concat(self, node):
        self.calls.append(f"net_fill({self._out}, 0);")
        begin, shape = 0, node.output.shape
        for source, tensor in zip(self.step.sources, node.sources, strict=True):
            at = [begin if axis == node.axis else 0 for axis in range(len(shape))]
            self._place(source, at, shape, tensor.low - node.output.low)
            begin += tensor.shape[node.axis]

    def _pad(self, node):
        self.calls.append(f"net_fill({self._out}, {node.value - node.output.low});")
        self._place(self.step.sources[0], [before for before, _ in node.pads], node.output.shape,
                    node.sources[0].low - node.output.low)

    def _transpose(self, node):
        shape = node.sources[0].shape
        distances = [int(np.prod(shape[axis + 1:], dtype=np.int64)) for axis in range(len(shape))]
        steps = [0, 0, 0]
        for axis, source in zip(_CHANNEL_AXES[len(shape)], node.axes, strict=True):
            steps[axis] = distances[source]
        self.calls.append(f"net_permute({self._in}, {self._out}, {steps[0]}, {steps[1]}, "
                          f"{steps[2]});")

    def _reshape(self, node):
        self.calls.append(f"net_reshape({self._in}, {self._out});")

    def _upsample(self, node):
        factors = [1, 1, 1]
        for axis, factor in zip(_CHANNEL_AXES[len(node.factors)], node.factors, strict=True):
            factors[axis] = factor
        self.calls.append(f"net_upsample({self._in}, {self._out}, {factors[0]}, {factors[1]}, "
                          f"{factors[2]});")

    def _argmax(self, node):
        axis = _CHANNEL_AXES[len(node.sources[0].shape)][node.axis]
        self.calls.append(f"net_argmax({self._in}, {self._out}, {axis}, {int(node.last)});")
