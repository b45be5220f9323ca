"""The C of a step that works on stripes of maps outside of L1."""

from flexdrive_deploy.flexv.network import ir

from .dot_layer import Geometry
from .storage import canonical
from .stripes import rows_of, stripe_storage

__all__ = ["stripe_count", "stripe_lines"]


def stripe_count(plan, step):
    """Stripes of a step; 1 when it works on whole maps."""
    rows = plan.rows.get(step)
    return 1 if rows is None else -(-canonical(step.output.shape)[1] // rows)


class _Stripes:
    def __init__(self, source, index, code):
        self.source, self.index, self.code = source, index, code
        self.step = source.steps.steps[index]
        self.plan = source.plan
        self.rows = self.plan.rows[self.step]
        self.height = canonical(self.step.output.shape)[1]

    def place(self, tensor):
        return self.source.steps.place(tensor).name

    def buffer(self, tensor, stripe):
        """First byte of a stripe's buffer."""
        begins = self.plan.stripes[self.step, self.place(tensor)]
        return begins[stripe % len(begins)]

    def define(self, suffix, address, storage, height, row_words):
        name = f"{self.code.name}_{suffix}"
        # Not in L1: there may be a thousand, and each is read once.
        text = (f"static const struct net_map {name} = {{(uint32_t *)(l1 + {address}), "
                f"{storage.channels}, {height}, {storage.width}, {storage.bits}, "
                f"{storage.pixel_words}, {row_words}}};")
        if text not in self.code.constants:
            self.code.constants.append(text)
        return f"&{name}"

    def span(self, stripe):
        """(first row of the output, rows) of a stripe."""
        first = stripe * self.rows
        return first, min(self.rows, self.height - first)

    def source_storage(self, tensor):
        return stripe_storage(self.step, tensor, self.rows, self.source.steps.borders)

    def source_map(self, number, stripe):
        """C of the map of source ``number``'s rows."""
        tensor = self.step.sources[number]
        rows = rows_of(self.step, *self.span(stripe))
        suffix = f"source{number}_{stripe}"
        name = self.place(tensor)
        if name in self.plan.outside:
            storage = self.source_storage(tensor)
            at = self.buffer(tensor, stripe) + 4 * (storage.origin + rows.above * storage.row_words)
            return self.define(suffix, at, storage, rows.count, storage.row_words)
        storage = self.plan.storages[name]
        at = self.plan.addresses[name] + 4 * (storage.origin + rows.first * storage.row_words)
        return self.define(suffix, at, storage, rows.count, storage.row_words)

    def output_map(self, stripe):
        first, count = self.span(stripe)
        tensor = self.step.output
        name = self.place(tensor)
        if name in self.plan.outside:
            storage = stripe_storage(self.step, tensor, count, self.source.steps.borders)
            return self.define(f"output_{stripe}", self.buffer(tensor, stripe), storage, count,
                               storage.row_words)
        storage = self.plan.storages[name]
        at = self.plan.addresses[name] + 4 * (storage.origin + first * storage.row_words)
        return self.define(f"output_{stripe}", at, storage, count, storage.row_words)

    def geometry(self, rows, above):
        """The Geometry of a stripe."""
        source, output = (self.source.storage(each) for each in (self.step.sources[0],
                                                                 self.step.output))
        if self.place(self.step.sources[0]) in self.plan.outside:
            source = self.source_storage(self.step.sources[0])
        if self.place(self.step.output) in self.plan.outside:
            output = stripe_storage(self.step, self.step.output, rows, self.source.steps.borders)
        return Geometry(source, output, rows, above)

    def fetches(self, stripe):
        """C that fetches the sources' rows of a stripe; none when there is no such stripe."""
        if stripe * self.rows >= self.height:
            return []
        rows, found = rows_of(self.step, *self.span(stripe)), {}
        for tensor in self.step.sources:
            name = self.place(tensor)
            if name in self.plan.outside:
                storage = self.source_storage(tensor)
                line = storage.width * storage.pixel_words
                at = self.buffer(tensor, stripe) + 4 * (
                    storage.origin + rows.above * storage.row_words)
                found[name] = (f"net_fetch(l1 + {at}, {4 * storage.row_words}, "
                               f"{self.source.homes[name]} + {rows.first * line}, {4 * line}, "
                               f"{4 * line}, {rows.count});")
        return list(found.values())

    def send(self, stripe):
        """C that sends the output's rows, or None."""
        name = self.place(self.step.output)
        if name not in self.plan.outside:
            return None
        first, count = self.span(stripe)
        storage = self.plan.storages[name]
        line = storage.width * storage.pixel_words
        return (f"net_send({self.source.homes[name]} + {first * line}, {4 * line}, "
                f"l1 + {self.buffer(self.step.output, stripe)}, {4 * line}, {4 * line}, {count});")

    def borders(self, stripe, only_below=False):
        """Calls that fill the border of a source's buffer: all of it, or the rows below."""
        tensor = self.step.sources[0]
        if not isinstance(self.step.node, ir.Convolution) or self.place(
                tensor) not in self.plan.outside:
            return []
        storage = self.source_storage(tensor)
        value = self.source.steps.borders[tensor.name].value if \
            tensor.name in self.source.steps.borders else 0
        rows = rows_of(self.step, *self.span(stripe))
        begin = rows.above + rows.count if only_below else 0
        height = rows.below if only_below else storage.height
        if height <= 0:
            return []
        wide = self.define(
            f"{'below' if only_below else 'buffer'}_{stripe}",
            self.buffer(tensor, stripe) + 4 * begin * storage.row_words,
            _Wide(storage), height, storage.row_words)
        return [f"net_fill({wide}, {value});"]


class _Wide:
    """A Storage with the border's columns as columns of the map."""

    def __init__(self, storage):
        self.channels, self.bits = storage.channels, storage.bits
        self.pixel_words = storage.pixel_words
        self.width = storage.border.left + storage.width + storage.border.right


def stripe_lines(source, index, code, following, waiting, weights_at):
    """Lines of the function of a step.

    Parameters
    ----------
    source : of the network. index : of the step. code : its StepCode.
    following : (step, number of a fetch of weights) -> C of the fetches that begin then.
    waiting : function of a list of fetches -> lines in which core 0 waits, then starts them.
    weights_at : function of (source, step, call, chunk, number of its fetch) -> call.
    """
    made, step = _Stripes(source, index, code), source.steps.steps[index]
    count, chunks = stripe_count(source.plan, step), max(1, len(code.chunks))
    lines = []
    for stripe in range(min(2, count)):
        lines += [f"\t{call}" for call in made.borders(stripe)]
    lines += ["\tnet_barrier();", "\tif (net_core() == 0) {",
              *(f"\t\t{fetch}" for fetch in made.fetches(0)), "\t}"]
    for stripe in range(count):
        first, rows = made.span(stripe)
        lines.append(f"\t// Rows {first} to {first + rows - 1}")
        below = made.borders(stripe, only_below=True) if stripe else []
        ins = [made.source_map(number, stripe) for number in range(len(step.sources))]
        above = rows_of(step, first, rows).above
        out, window, geometry = made.output_map(stripe), code.window(above), made.geometry(rows,
                                                                                           above)
        for chunk in range(chunks):
            number = stripe * chunks + chunk if chunks > 1 else 0
            # One chunk is fetched once, and the next layer's during the first stripe.
            fetches = following.get((index, number), []) if chunks > 1 or stripe == 0 else []
            prepare, call = code.kernel(ins, out, window, chunk, f"_{stripe}", geometry)
            lines += [f"\t{prepare}"] if prepare else []
            lines += waiting([*(fetches if code.chunks else []),
                              *(made.fetches(stripe + 1) if chunk == 0 else [])])
            if chunk == 0 and below:
                lines += [f"\t{call}" for call in below] + ["\tnet_barrier();"]
            lines += [f"\t{weights_at(source, step, call, chunk, number)}", "\tnet_barrier();"]
        send = made.send(stripe)
        if send:
            last = "net_fetched(0);" if stripe == count - 1 else ""
            lines += ["\tif (net_core() == 0) {", f"\t\t{send}",
                      *([f"\t\t{last}"] if last else []), "\t}"]
    return [*lines, "\tnet_barrier();"]
