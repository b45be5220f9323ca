"""Nodes of a loop whose values are used under one condition only.

Registers that hold their value unless an enable is 1 are choices between the old value and a new
one. What only the new values need is not computed while the enable is 0.
"""

from collections import defaultdict
from dataclasses import dataclass

from .netlist import Cell

__all__ = ["Guard", "find_guard"]

# Nodes from which on a branch is worth its cost.
_FEWEST = 8


@dataclass(frozen=True)
class Guard:
    """Bit ``select`` of the module, the same in all lanes, is ``value`` when the nodes ``inside``
    are needed. Of these, ``chosen`` are the choices themselves. All lists are in order."""

    select: list
    value: int
    before: list
    inside: list
    chosen: list
    after: list


def _choices(plan, loop, nodes):
    """{(what drives the select, its value): choices by it that may save work}."""
    found = defaultdict(list)
    # Nearly everything is needed while there is no reset: that saves nothing.
    reset = plan.netlist.top.inputs.get("rst", [])
    for node in nodes:
        what = node.what
        if isinstance(what, Cell) and what.kind == "$mux" and node.makes:
            (piece,) = plan.sources.pieces(loop.module, what.inputs["S"])
            if piece.word is not None and piece.word not in reset and plan.is_uniform(piece):
                found[piece, 1].append(node)
                found[piece, 0].append(node)
    return found


def _users(plan, nodes):
    """{word: [(node that reads it, its operand)]}."""
    users = defaultdict(list)
    for node in nodes:
        for port, bits in plan.operands(node).items():
            for word in {piece.word for piece in plan.sources.pieces(node.module, bits)}:
                users[word].append((node, port))
    return users


def _inside(plan, nodes, users, chosen, port, barred):
    """Nodes that only the operand ``port`` of ``chosen`` needs, and ``chosen``."""
    inside = set()
    for node in reversed(nodes):
        if node in chosen or (isinstance(node.what, Cell) and node.makes and node not in barred
              and node.makes[0] not in plan.stored and users[node.makes[0]]
              and all(user in inside and (user not in chosen or at == port)
                      for user, at in users[node.makes[0]])):
            inside.add(node)
    return inside


def _behind(nodes, inside, chosen):
    """Nodes outside of ``inside`` that need the result of a choice."""
    words = {node.what.output for node in chosen}
    behind = []
    for node in nodes:
        if node not in inside and not words.isdisjoint(node.reads):
            behind.append(node)
            words.update(node.makes)
    return behind


def _guard(plan, nodes, users, choices, value):
    chosen, barred = set(choices), set()
    port = "B" if value else "A"
    while chosen:
        inside = _inside(plan, nodes, users, chosen, port, barred)
        behind = _behind(nodes, inside, chosen)
        late = {word for node in behind for word in node.makes}
        # What is inside cannot wait for what comes after it.
        wrong = {node for node in inside if not late.isdisjoint(node.reads)}
        if not wrong:
            break
        chosen -= wrong
        barred |= wrong
    if not chosen:
        return None
    late = set(behind)
    return Guard(choices[0].what.inputs["S"], value,
                 [node for node in nodes if node not in inside and node not in late],
                 [node for node in nodes if node in inside],
                 [node for node in nodes if node in chosen], behind)


def find_guard(plan, loop, nodes):
    """The :class:`Guard` of ``nodes`` that saves most, or None."""
    users = _users(plan, nodes)
    best, saved = None, _FEWEST
    for (_, value), choices in _choices(plan, loop, nodes).items():
        guard = _guard(plan, nodes, users, choices, value)
        if guard is not None and len(guard.inside) - len(guard.chosen) >= saved:
            best, saved = guard, len(guard.inside) - len(guard.chosen) + 1
    return best
