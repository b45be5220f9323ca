"""The C of a network: network.h, network.c and weights.c."""

import re
from dataclasses import dataclass

from flexdrive_deploy.flexv.network import ir

from .calls import StepCode
from .dots import dots_of
from .pieces import pieces_of
from .schedule import Fetch, Schedule, waiting, weights_at
from .source_text import BODY, HEADER, WEIGHTS_HEAD
from .stripe_code import stripe_lines

__all__ = ["Binding", "identifiers", "network_sources", "read_ahead"]


@dataclass(frozen=True)
class Binding:
    """A map outside of L1: ``symbol`` of its dense words."""

    symbol: str
    tensor: ir.Tensor
    storage: object
    columns: object = None

    def pack(self, integers):
        """Words of the tensor's integers; ``columns``: of an input that is written so."""
        return self.storage.pack(integers if self.columns is None else self.columns.of(integers))


def identifiers(names):
    """name -> C identifier, each its own."""
    found, taken = {}, set()
    for name in names:
        base = re.sub(r"[\W_]+", "_", name, flags=re.ASCII).strip("_") or "value"
        base = f"n{base}" if base[0].isdigit() else base
        made, number = base, 2
        while made in taken:
            made, number = f"{base}_{number}", number + 1
        taken.add(made)
        found[name] = made
    return found


def _comment(text):
    """Text that cannot end a comment."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")


def _title(step):
    node = step.node
    sizes = " + ".join("x".join(map(str, source.shape)) for source in step.sources)
    text = f"{step.name}: {type(node).__name__}, {sizes} -> " + "x".join(
        map(str, step.output.shape))
    if isinstance(node, ir.Convolution):
        kernel = "x".join(map(str, node.weights.shape[2:]))
        text += (f"; kernel {kernel}, stride {node.strides[0]}x{node.strides[1]}, "
                 f"a{step.sources[0].lane}w{node.weight_bits}, {node.macs:,} MAC")
    return _comment(text)


class _Source:
    def __init__(self, name, steps, plan):
        self.name, self.steps, self.plan = name, steps, plan
        self._names = list(identifiers(f"layer_{index}_{step.name}" for index, step in
                                       enumerate(steps.steps)).values())
        names = identifiers([f"map_{name}" for name in plan.storages])
        self.maps = {name: names[f"map_{name}"] for name in plan.storages}
        for alias, tensor in steps.alias.items():
            self.maps[alias] = self.maps[tensor.name]

    def step_name(self, index):
        return self._names[index]

    def storage(self, tensor):
        """Of a map as it lies in memory."""
        return self.plan.storages[self.steps.place(tensor).name]

    def set_homes(self, inputs, outputs):
        """Where maps outside of L1 lie: as inputs, as outputs, or in memory of their own."""
        self.homes = {name: f"outside_{self.maps[name]}" for name in self.plan.outside}
        for binding in [*outputs, *inputs]:
            place = self.steps.place(binding.tensor).name
            if place in self.homes:
                self.homes[place] = binding.symbol

    def bindings(self, tensors, kind):
        return [Binding(f"network_{kind}_{index}", tensor,
                        self.plan.storages[self.steps.place(tensor).name].dense,
                        self.steps.columns.get(tensor.name))
                for index, tensor in enumerate(tensors)]

    def outside_text(self):
        """Definitions of the maps outside of L1 that are no inputs or outputs."""
        return "\n".join(
            f"// {_comment(name)}: outside of L1\nstatic uint32_t {symbol}"
            f"[{self.plan.storages[name].dense.words}] NET_OUTSIDE;"
            for name, symbol in self.homes.items() if symbol.startswith("outside_"))

    def maps_text(self):
        lines = []
        for name in self.plan.addresses:
            storage = self.plan.storages[name]
            at = self.plan.addresses[name] + 4 * storage.origin
            lines.append(
                f"// {_comment(name)}\nstatic const struct net_map {self.maps[name]} NET_DATA = "
                f"{{(uint32_t *)(l1 + {at}), {storage.channels}, {storage.height}, "
                f"{storage.width}, {storage.bits}, {storage.pixel_words}, {storage.row_words}"
                + (f", {storage.group_words}, {storage.around[1]}, {int(storage.down)}"
                   if storage.planar else "") + "};")
        return "\n".join(lines)

    def transfer(self, function, binding, indent="\t\t"):
        """A fetch or send of a whole map."""
        place = self.steps.place(binding.tensor)
        storage = self.plan.storages[place.name]
        line = storage.width * storage.pixel_words * 4
        if place.name in self.homes:
            home = self.homes[place.name]
            if home == binding.symbol:
                return f"{indent}// {home} is where it lies."
            return f"{indent}memcpy({binding.symbol}, {home}, {4 * storage.dense.words});"
        if storage.planar:
            size = 4 * storage.words
            pair = f"l1 + {self.plan.addresses[place.name]}, {size}", f"{binding.symbol}, {size}"
            first, second = pair if function == "net_fetch" else pair[::-1]
            return f"{indent}{function}({first}, {second}, {size}, 1);"
        l1 = f"{self.maps[place.name]}.data, {4 * storage.row_words}"
        outside = f"{binding.symbol}, {line}"
        first, second = (l1, outside) if function == "net_fetch" else (outside, l1)
        return f"{indent}{function}({first}, {second}, {line}, {storage.height});"

    def border(self, tensor):
        place = self.steps.place(tensor)
        border = self.plan.storages[place.name].border
        if not border or place.name in self.homes:
            return []
        return [f"net_border(&{self.maps[place.name]}, {border.top}, {border.left}, "
                f"{border.bottom}, {border.right}, {border.value});"]

    def fetches(self):
        """The :class:`.schedule.Fetch` of every chunk in order."""
        found = []
        for index, step in enumerate(self.steps.steps):
            if step not in self.plan.chunks:
                continue
            places = self.plan.weights[step]
            chunks = self.plan.chunks[step][1]
            uses = list(enumerate(chunks))
            if step in self.plan.cuts:
                pieces = pieces_of(step, self.plan.cuts[step], chunks)
                uses = sorted({piece.weights: chunks[piece.chunk] for piece in pieces}.items())
            for number, chunk in uses:
                size = 4 * chunk.words
                found.append(Fetch((index, number), step in self.plan.deep,
                                    step in self.plan.late, (
                    f"net_fetch(l1 + {places[number % len(places)]}, {size}, "
                    f"{self.step_name(index)}_weights + {chunk.begin}, {size}, {size}, 1);")))
        return found


def _step_text(source, index, code, schedule):
    """The function of a step."""
    step = source.steps.steps[index]
    # The border lies apart from what calls write; words that have both are stored before.
    lines = [f"// {_title(step)}", f"static void {source.step_name(index)}(void)", "{",
             *(f"\t{call}" for call in source.border(step.output))]
    late = schedule.started.get((index, None))
    if late:
        lines += ["\tif (net_core() == 0) {", *(f"\t\t{fetch}" for fetch in late), "\t}"]
    if step in source.plan.cuts:
        lines += stripe_lines(source, index, code, schedule)
    else:
        code.whole()
        for number, call in enumerate(code.calls):
            if step in source.plan.chunks:
                lines += [f"\t{each}" for each in code.prepared[number:number + 1] if each]
                use = index, number
                lines += waiting(schedule.started.get(use, []), schedule.left[use])
            lines += [f"\t{weights_at(source.plan, step, call, number, number)}",
                      "\tnet_barrier();"]
    return "\n".join([*lines, "}"])


def _run_text(source, inputs, outputs, fetches, trace):
    steps = len(source.steps.steps)
    lines = ["void network_run(void)", "{", "\tnet_time(0);", "\tif (net_core() == 0) {"]
    lines += [source.transfer("net_fetch", each) for each in inputs]
    lines += [*(f"\t\t{fetch}" for fetch in fetches), f"\t\tnet_fetched({len(fetches)});", "\t}"]
    # Planar maps come with theirs.
    borders = [call for each in inputs if not each.storage.planar
               for call in source.border(each.tensor)]
    lines += [f"\t{call}" for call in borders]
    lines.append("\tnet_barrier();")
    for index, _ in enumerate(source.steps.steps):
        lines += [f"\tnet_time({index + 1});", f"\t{source.step_name(index)}();"]
        if index in trace:
            lines += ["#ifdef NETWORK_TRACE", "\tif (net_core() == 0) {",
                      source.transfer("net_send", trace[index]), "\t\tnet_sent(0);", "\t}",
                      "\tnet_barrier();", "#endif"]
    lines += [f"\tnet_time({steps + 1});", "\tif (net_core() == 0) {"]
    lines += [source.transfer("net_send", each) for each in outputs]
    return "\n".join([*lines, "\t\tnet_sent(0);", "\t}", "\tnet_barrier();",
                      f"\tnet_time({steps + 2});", "}"])


def _kernels(codes):
    """Declarations of the kernels of dot products."""
    names = sorted({name for code in codes for name in code.kernels})
    return "\n".join(["#ifdef NETWORK_DOTS", *names, "#endif\n"]) if names else ""


def read_ahead(steps, plan):
    """Bytes behind maps and weights that dot products load, and multiply by zeros or not at all:
    the words of the pixels of a tile in a row further down. They may be anything's, in L1."""
    rows = [step.node.dilations[0] * plan.storages[steps.place(step.sources[0]).name].row_words
            for step in steps.steps if dots_of(step) is not None]
    return -(-4 * max(rows, default=0) // 16) * 16 + 64


def _declared(bindings, prefix=""):
    return "\n".join(
        f"// {_comment(each.tensor.name)}: {'x'.join(map(str, each.tensor.shape))}, "
        f"{each.storage.bits} bits" + (f", value + {-each.storage.low}" if each.storage.low else "")
        + f"\n{prefix}uint32_t {each.symbol}[{each.storage.words}]" + (
            ";" if prefix else " __attribute__((section(NETWORK_DATA), aligned(16)));")
        for each in bindings)


def network_sources(name, steps, plan, instructions):
    """(file name -> text, inputs, outputs, trace): C of a network, and its Bindings;
    ``instructions`` as of :func:`~.compiled.compile_network`.

    ``trace`` are the maps of all steps, which a build with NETWORK_TRACE keeps.
    """
    source = _Source(name, steps, plan)
    inputs = source.bindings([tensor for _, tensor in steps.inputs], "input")
    outputs = source.bindings(steps.outputs, "output")
    trace = dict(enumerate(source.bindings([step.output for step in steps.steps], "trace")))
    source.set_homes(inputs, outputs)
    codes = [StepCode(step, source.step_name(index), source.maps,
                      plan.chunks[step][1] if step in plan.chunks else (),
                     source.storage, instructions, pieces=step in plan.cuts)
             for index, step in enumerate(steps.steps)]
    schedule = Schedule(source.fetches())
    functions = "\n\n".join(_step_text(source, index, code, schedule)
                            for index, code in enumerate(codes))
    constants = "\n\n".join("\n".join(code.constants) for code in codes if code.constants)
    externals = "\n".join(
        f"extern const uint32_t {source.step_name(index)}_weights[{len(plan.chunks[step][0])}];"
        for index, step in enumerate(steps.steps) if step in plan.chunks)
    header = HEADER.format(
        name=_comment(name), l1=max(plan.peak, 16),
        inputs=_declared(inputs, "extern "),
        outputs=_declared(outputs, "extern "), trace=_declared(trace.values(), "extern "))
    text = BODY.format(
        name=_comment(name), times=len(steps.steps) + 3, externals=externals,
        dots=_kernels(codes), maps=source.maps_text(), constants=constants,
        outside=source.outside_text(),
        functions=functions, inputs=_declared(inputs), outputs=_declared(outputs),
        trace=_declared(trace.values()),
        run=_run_text(source, inputs, outputs, schedule.started.get(None, []),
                      trace))
    weights = [WEIGHTS_HEAD.format(name=_comment(name))]
    for index, step in enumerate(steps.steps):
        if step in plan.chunks:
            words = plan.chunks[step][0]
            lines = [", ".join(f"{int(word):#010x}" for word in words[at:at + 8])
                     for at in range(0, len(words), 8)]
            body = ",\n\t".join(lines)
            weights.append(f"// {_title(step)}\nconst uint32_t {source.step_name(index)}_weights"
                           f"[{len(words)}] __attribute__((aligned(16))) = {{\n\t{body}\n}};\n")
    files = {"network.h": header, "network.c": text, "weights.c": "\n".join(weights)}
    return files, inputs, outputs, list(trace.values())
