"""Meaning of ports, taken from where it is written down: the docstring of the component."""

import inspect
import re

__all__ = ["member_docs", "port_meaning"]

_ROLE = re.compile(r":\w+(?::\w+)?:`~?([^`]+)`")
_STREAM_PARTS = {
    "valid": "{name}: a word is offered",
    "ready": "{name}: the word offered is taken at this clock edge",
    "last": "{name}: the last phit of a frame",
    "tvalid": "{name}: a word is offered",
    "tready": "{name}: the word offered is taken at this clock edge",
    "tlast": "{name}: the last word of a packet",
    "tkeep": "{name}: all ones",
}


def member_docs(component):
    """{member: meaning} of the section "Members" of the docstring of ``component``'s class: lines
    ``name, name : meaning``, continued by deeper indentation; ``name.part`` is a part, ``{...}``
    in a name stands for any word without ``_``."""
    lines = (inspect.getdoc(type(component)) or "").splitlines()
    found, names = {}, []
    for line in lines[_after_heading(lines, "Members"):]:
        entry = re.match(r"([\w.,{} ]+?) : (.*)", line)
        if entry:
            names = [name.strip() for name in entry[1].split(",")]
            found.update(dict.fromkeys(names, _plain(entry[2])))
        elif line.startswith("    ") and names:
            found.update(dict.fromkeys(names, f"{found[names[0]]} {_plain(line)}"))
        else:
            break
    return found


def _after_heading(lines, heading):
    for number in range(len(lines) - 1):
        if lines[number] == heading and set(lines[number + 1]) == {"-"}:
            return number + 2
    return len(lines)


def _plain(text):
    """reStructuredText without its roles and quotes."""
    return _ROLE.sub(lambda m: m[1].rpartition(".")[2], text).replace("``", "").strip()


def port_meaning(docs, port):
    """Meaning of a :class:`flexdrive.emit.Port`, or ``""`` when nothing is written about it."""
    name, _, part = port.path.partition(".")
    name = next((known for known in docs if known == name or re.fullmatch(
        re.sub(r"\{\w+\}", r"[^_]+", known), name)), name)
    if part in _STREAM_PARTS and name in docs:
        return _STREAM_PARTS[part].format(name=port.path.partition(".")[0])
    return docs.get(port.path) or docs.get(name, "")
