"""The C of a step that works on pieces of maps outside of L1."""

from typing import Any

from flexdrive_deploy.flexv.network import ir

from .call_maps import CallMaps, Wide
from .dot_layer import Geometry
from .pieces import cut_storage, parts_of, pieces_of
from .schedule import waiting, weights_at
from .storage import canonical
from .stripes import Rows, rows_of

__all__ = ["stripe_lines"]


class _Pieces:
    def __init__(self, source, index, code):
        self.source, self.code = source, code
        self.step, self.plan = source.steps.steps[index], source.plan
        self.cut = self.plan.cuts[self.step]
        self.chunks = parts_of(self.step, self.cut, code.chunks)
        self.pieces = pieces_of(self.step, self.cut, code.chunks)
        self.maps = CallMaps(code, isinstance(self.step.node, ir.Convolution))
        # Of a buffer with a border: (Storage, its first and last rows that are border).
        self.filled = {}

    def name(self, tensor):
        return self.source.steps.place(tensor).name

    def away(self, tensor):
        return self.name(tensor) in self.plan.outside

    def buffer(self, tensor, number):
        """First byte of a buffer."""
        begins = self.plan.stripes[self.step, self.name(tensor)]
        return begins[number % len(begins)]

    def chunk(self, piece) -> Any:
        return self.chunks[piece.chunk] if self.chunks else None

    def first(self, piece):
        """The first channel, for the kernel."""
        apart = self.cut.out or self.cut.channels or not self.chunks
        return 0 if apart else self.chunk(piece).first

    def storage(self, tensor, piece):
        """Of what a call reads or writes; of a source outside with room for its largest piece."""
        if not self.away(tensor):
            return self.source.storage(tensor)
        output = tensor is self.step.output
        rows = piece.count if output or self.step.planar_source else self.cut.rows
        return cut_storage(self.step, tensor, rows, self.cut, self.chunk(piece),
                           self.source.steps.borders, self.ends(piece))

    def ends(self, piece):
        """Whether a piece has the first, the last rows of the output."""
        return piece.first == 0, piece.first + piece.count == canonical(self.step.output.shape)[1]

    def rows(self, piece):
        """Rows of the sources; of planar ones, whose border comes with them, from it on."""
        rows = rows_of(self.step, piece.first, piece.count)
        if not self.step.planar_source:
            return rows
        return Rows(rows.first - rows.above, rows.above + rows.count + rows.below, 0, 0)

    def origin(self, tensor, piece):
        """First byte of the rows of a source's piece."""
        storage, rows = self.storage(tensor, piece), self.rows(piece)
        if self.away(tensor):
            return self.buffer(tensor, piece.source) + 4 * (
                storage.origin + rows.above * storage.row_words)
        return self.plan.addresses[self.name(tensor)] + 4 * (
            storage.origin + rows.first * storage.row_words)

    def source_map(self, number, piece):
        """(C of the map of source ``number``'s rows, lines that make it)."""
        tensor = self.step.sources[number]
        storage, at = self.storage(tensor, piece), self.origin(tensor, piece)
        if self.cut.source:
            # Its channels begin with the chunk's; the kernel counts from its own first one.
            at -= (self.first(piece) * storage.group_words if storage.planar else
                   self.first(piece) * storage.bits // 8)
        elif self.cut.out and self.single:
            at += self.chunk(piece).first * storage.bits // 8
        return self.maps.place(f"in{number}", piece.source, at, storage, self.rows(piece).count)

    @property
    def single(self):
        """Whether each channel is made of one."""
        return self.step.node.groups > 1

    def output_map(self, piece):
        tensor = self.step.output
        storage = self.storage(tensor, piece)
        at = (self.buffer(tensor, piece.out) + 4 * storage.origin if self.away(tensor) else
              self.plan.addresses[self.name(tensor)] + 4 * (
                  storage.origin + piece.first * storage.row_words))
        if self.cut.channels and not self.cut.out:
            # Some channels of each pixel.
            chunk, out = self.chunk(piece), ("out", f"{piece.out}_{piece.chunk}")
            at += 4 * (chunk.first * storage.bits // 32)
            return self.maps.place(*out, at, storage, piece.count, chunk.count)
        return self.maps.place("out", piece.out, at, storage, piece.count)

    def geometry(self, piece):
        """The Geometry of a call."""
        source, output = (self.storage(each, piece) for each in (self.step.sources[0],
                                                                 self.step.output))
        return Geometry(source, output, piece.count, self.rows(piece).above)

    def fetches(self, piece):
        """C that fetches the sources' rows of a piece."""
        rows, found = self.rows(piece), {}
        for tensor in self.step.sources:
            name = self.name(tensor)
            if not self.away(tensor):
                continue
            if self.step.planar_source:
                found[name] = self._transfer(tensor, piece, rows.first)
                continue
            storage, pixel = self.storage(tensor, piece), self.plan.storages[name].pixel_words
            line, home, at = storage.width * pixel, self.source.homes[name], self.origin(tensor,
                                                                                        piece)
            outside = f"{home} + {rows.first * line + self.word(tensor, piece)}"
            if storage.pixel_words == pixel:
                found[name] = (f"net_fetch(l1 + {at}, {4 * storage.row_words}, {outside}, "
                               f"{4 * line}, {4 * line}, {rows.count});")
                continue
            found[name] = (f"net_fetch_channels(l1 + {at}, {4 * storage.row_words}, {outside}, "
                           f"{4 * pixel}, {4 * storage.pixel_words}, {storage.width}, "
                           f"{rows.count});")
        return list(found.values())

    def _transfer(self, tensor, piece, first):
        """C that moves lines of a planar map from row ``first`` on: those of each group of 4
        channels lie together."""
        storage, whole = self.storage(tensor, piece), self.plan.storages[self.name(tensor)]
        output = tensor is self.step.output
        sliced = self.cut.out if output else self.cut.source
        group = self.chunk(piece).first // 4 if sliced else 0
        begin = group * whole.group_words + 4 * (whole.border.top + first) * whole.row_words
        size, count = 4 * storage.group_words, -(-storage.channels // 4)
        inside = f"l1 + {self.buffer(tensor, piece.out if output else piece.source)}, {size}"
        outside = f"{self.source.homes[self.name(tensor)]} + {begin}, {4 * whole.group_words}"
        pair = f"{outside}, {inside}" if output else f"{inside}, {outside}"
        return f"net_{'send' if output else 'fetch'}({pair}, {size}, {count});"

    def word(self, tensor, piece):
        """The word of a pixel outside with which a piece begins."""
        sliced = self.cut.out if tensor is self.step.output else self.cut.source
        return self.chunk(piece).first * tensor.lane // 32 if sliced else 0

    def send(self, piece):
        """C that sends the output's piece, or None."""
        tensor = self.step.output
        name = self.name(tensor)
        if not self.away(tensor):
            return None
        if self.step.planar_output:
            return self._transfer(tensor, piece,
                                  piece.first - self.storage(tensor, piece).border.top)
        storage, pixel = self.storage(tensor, piece), self.plan.storages[name].pixel_words
        line, buffer = storage.width * pixel, self.buffer(tensor, piece.out)
        outside = f"{self.source.homes[name]} + {piece.first * line + self.word(tensor, piece)}"
        size, step, count = ((4 * line, 4 * line, piece.count) if storage.pixel_words == pixel else
                             (4 * storage.pixel_words, 4 * pixel, piece.count * storage.width))
        return f"net_send({outside}, {step}, l1 + {buffer}, {size}, {size}, {count});"

    def around(self, piece):
        """Call that fills the border around a planar output's piece, where its buffer has another;
        or None."""
        tensor = self.step.output
        if not self.step.planar_output or not self.away(tensor):
            return None
        storage, at = self.storage(tensor, piece), self.buffer(tensor, piece.out)
        border = storage.border
        if not border or self.filled.get(at) == storage:
            return None
        self.filled[at] = storage
        return (f"net_border(&out, {border.top}, {border.left}, {border.bottom}, {border.right}, "
                f"{border.value});")

    def borders(self, piece):
        """Calls that fill what is not filled yet of the border in a source's buffer."""
        tensor = self.step.sources[0]
        if not self.maps.varying or not self.away(tensor) or self.step.planar_source:
            return []
        storage, rows = self.storage(tensor, piece), self.rows(piece)
        at = self.buffer(tensor, piece.source)
        value = storage.border.value
        if tensor.name in self.source.steps.borders:
            value = self.source.steps.borders[tensor.name].value
        known, above, below = self.filled.get(at, (None, 0, (0, 0)))
        found, border = [], storage.border
        if known != storage:
            above = 0
            below = 0, 0
            if border.left + border.right:
                whole = self.maps.define(f"buffer_{piece.source}", at + 4 * storage.origin, storage,
                                         storage.height, storage.row_words)
                found.append(f"net_border({whole}, 0, {border.left}, 0, {border.right}, {value});")
        behind = rows.above + rows.count, rows.above + rows.count + rows.below
        for begin, end in ((above, rows.above), behind if behind != below else (0, 0)):
            if begin < end:
                wide = self.maps.define(f"border_{piece.source}_{begin}",
                                        at + 4 * begin * storage.row_words, Wide(storage),
                                        end - begin, storage.row_words)
                found.append(f"net_fill({wide}, {value});")
        self.filled[at] = storage, rows.above, behind if rows.below > 0 else (0, 0)
        return found


def _start(fetches):
    """Lines in which core 0 starts transfers."""
    return ["\tif (net_core() == 0) {", *(f"\t\t{fetch}" for fetch in fetches), "\t}"]


def stripe_lines(source, index, code, schedule):
    """Lines of the function of a step.

    Parameters
    ----------
    source : of the network. index : of the step. code : its StepCode.
    schedule : :class:`.schedule.Schedule` of fetches of weights.
    """
    made, step = _Pieces(source, index, code), source.steps.steps[index]
    pieces, lines, before = made.pieces, [], None
    # What the steps before have sent is outside; what they had in L1 is not needed.
    lines += _start(made.fetches(pieces[0]))
    following = {piece.source: piece for piece in reversed(pieces)}
    for number, piece in enumerate(pieces):
        lines.append(f"\t// Rows {piece.first} to {piece.first + piece.count - 1}")
        comes = before is None or piece.source != before.source
        ins = [made.source_map(each, piece) for each in range(len(step.sources))]
        out, out_lines = made.output_map(piece)
        lines += [line for _, each in ins for line in each] + out_lines
        lines += [f"\t{call}" for call in (made.borders(piece) if comes else [])]
        again = before is None or piece.out != before.out
        sent = 1 if piece.out > 1 and again and made.away(step.output) else None
        around = made.around(piece) if again else None
        if around and sent is not None:
            lines += waiting([], 0, sent)
        lines += [f"\t{around}"] if around else []
        prepare, call = code.kernel([each for each, _ in ins], out,
                                    code.window(made.rows(piece).above), piece.chunk,
                                    f"_{number}", made.geometry(piece), made.first(piece))
        lines += [f"\t{prepare}"] if prepare else []
        fetches = []
        if code.chunks and (before is None or piece.weights != before.weights):
            fetches += schedule.started.get((index, piece.weights), [])
        if made.cut.alone:
            lines += _start(made.fetches(piece)) if comes and before else []
        elif comes and piece.source + 1 in following:
            fetches += made.fetches(following[piece.source + 1])
        lines += waiting(fetches, 0, None if around else sent)
        lines += [f"\t{weights_at(made.plan, step, call, piece.chunk, piece.weights)}",
                  "\tnet_barrier();"]
        send, last = made.send(piece), number + 1 == len(pieces)
        if send and (last or pieces[number + 1].out != piece.out):
            lines += ["\tif (net_core() == 0) {", f"\t\t{send}",
                      *(["\t\tnet_sent(0);"] if last else []), "\t}"]
        before = piece
    return [*lines, "\tnet_barrier();"]
