"""Memories as macros of a table that a person gives: how many of which, and their area."""

import tomllib
from collections import Counter
from dataclasses import dataclass, fields

from flexdrive.errors import FlexdriveError

__all__ = ["Macro", "Memory", "choose", "read_macros"]


@dataclass(frozen=True)
class Memory:
    """A memory of a design: words of bits, with ports that read and write in a cycle."""

    words: int
    bits: int
    reads: int
    writes: int


@dataclass(frozen=True)
class Macro:
    """A macro: its name, words of bits, area, and ports that read and write in a cycle. Whether
    the design reads and writes a memory in one cycle is not known here: a macro with one port for
    both has ``reads = 1`` and ``writes = 1`` where it never does."""

    name: str
    words: int
    bits: int
    area: float
    reads: int = 1
    writes: int = 1

    def count(self, memory):
        """Macros that make ``memory``; None when they have too few ports."""
        if memory.reads > self.reads or memory.writes > self.writes:
            return None
        return -(-memory.words // self.words) * -(-memory.bits // self.bits)


def read_macros(path):
    """The macros of a TOML file with tables ``[[macro]]``, whose keys are the fields of
    :class:`Macro`.

    Raises
    ------
    FlexdriveError
        when the file cannot be read, or a table has another key, lacks one, or a wrong value.
    """
    try:
        document = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FlexdriveError(f"{path}: cannot be read as a table of macros ({error})") from None
    tables = document.get("macro")
    if set(document) != {"macro"} or not isinstance(tables, list) or not tables:
        raise FlexdriveError(f"{path}: what would pass is tables [[macro]] and nothing else")
    return [_macro(path, number, table) for number, table in enumerate(tables, 1)]


def _macro(path, number, table):
    known = {field.name for field in fields(Macro)}
    wrong = sorted(set(table) - known) or sorted({"name", "words", "bits", "area"} - set(table))
    if wrong:
        raise FlexdriveError(f"{path}: macro {number}: {wrong[0]!r} is "
                             f"{'unknown' if wrong[0] in table else 'missing'}; keys are "
                             f"{', '.join(sorted(known))}")
    for name, value in table.items():
        if not (isinstance(value, str) if name == "name" else
                isinstance(value, (int, float) if name == "area" else int)
                and not isinstance(value, bool) and value >= (0 if name in ("reads", "writes")
                                                              else 1)):
            raise FlexdriveError(f"{path}: macro {number}: {name} = {value!r} is no "
                                 f"{'name' if name == 'name' else 'positive number'}")
    return Macro(**table)


def choose(memories, macros):
    """The macros of the least area for each memory: Counter of (:class:`Macro`, number).

    Raises
    ------
    FlexdriveError
        when no macro has the ports of a memory; says which would pass.
    """
    chosen = Counter()
    for memory in memories:
        ways = [(count * macro.area, macro.name, count, macro) for macro in macros
                if (count := macro.count(memory)) is not None]
        if not ways:
            raise FlexdriveError(
                f"A memory of {memory.words:,} words of {memory.bits} bits has {memory.reads} "
                f"ports that read and {memory.writes} that write, more than any macro has. What "
                "would pass: a macro with as many")
        _, _, count, macro = min(ways, key=lambda way: way[:2])
        chosen[macro] += count
    return chosen
