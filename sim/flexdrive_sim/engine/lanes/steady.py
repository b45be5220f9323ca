"""Loops that are left out while nothing that they read changes.

Hardware often waits. A loop that is given what it was given when it was last evaluated would give
the same again, so it is left out if finding that costs little beside it. ``n`` holds the registers
as they were before the last edge, or, evaluated again without an edge, as they will be after the
next. When those that a loop sets are the same in ``s`` and ``n``, and all else that it reads is
what it was at its last evaluation, its values are in place: the registers that it would set are
those in ``s``, which ``n`` has.
"""

__all__ = ["Steady"]

# A loop is this many times as long as the comparison, and has at least so many operators.
_RATIO = 6
_SHORTEST = 60
_LINE = 64          # bytes that one instruction compares
_TOGETHER = 32      # lanes of one operator


def _bytes(word, lanes):
    return lanes * max(1, 1 << max(0, (word.width - 1).bit_length() - 3))


class Steady:
    """What a loop of ``plan`` compares, and the text for it; ``pays`` tells whether it is worth it.

    ``own`` are the registers that it sets, ``other`` the rest of what it reads.
    """

    def __init__(self, plan, loop, number):
        self._plan, self._number = plan, number
        own, read, self.pays = {}, {}, True
        for node in loop.nodes:
            for word in plan.words_of(node):
                if plan.local.get(word) is not loop:
                    read[word] = None
            if isinstance(node.what, tuple) and not isinstance(node.what[2], list):
                self.pays = False       # contents of a memory
            elif not isinstance(node.what, tuple) and node.what.kind == "$dff":
                own[node.what.output] = None
        self.own = sorted(own, key=lambda word: -word.width)
        self.other = [word for word in read if word not in own]
        cost = sum(-(-_bytes(word, self._lanes(word)) // _LINE) for word in [*own, *self.other])
        length = len(loop.nodes) * -(-loop.module.lanes // _TOGETHER)
        self.pays &= length >= max(_SHORTEST, _RATIO * cost)

    def _lanes(self, word):
        return self._plan.lanes_of(word)

    def structure(self, array_type):
        """Members of the structure of values: what was read last."""
        yield "\tstruct { bool valid;"
        for word in self.other:
            yield f"\t\t{array_type(word.width)} v{word.index}[{self._lanes(word)}];"
        yield f"\t}} last{self._number};"

    def _differs(self, word, one, other):
        if self._lanes(word) == 1:
            return f"{one}.v{word.index}[0] != {other}.v{word.index}[0]"
        return f"memcmp({one}.v{word.index}, {other}.v{word.index}, sizeof({one}.v{word.index}))"

    def statements(self):
        """Leaves the function if the loop need not be evaluated."""
        last = f"c.last{self._number}"
        groups = [(word, "s" if word.kind == "state" else "c") for word in self.other]
        own = " || ".join(self._differs(word, "s", "n") for word in self.own) or "false"
        yield f"if ({own}) {last}.valid = false;"
        yield "else {"
        other = " || ".join(self._differs(word, group, last) for word, group in groups) or "false"
        yield f"\tif ({last}.valid && !({other})) return;"
        yield from (f"\tmemcpy({last}.v{word.index}, {group}.v{word.index}, "
                    f"sizeof({last}.v{word.index}));" for word, group in groups)
        yield f"\t{last}.valid = true;"
        yield "}"
