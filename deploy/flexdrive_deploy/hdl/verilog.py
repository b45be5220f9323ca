"""Verilog-2001 of a component: yosys writes it, from RTLIL whose names are made fit for it.

One module per distinct component (:mod:`flexdrive.emit`), named as in Python. What Verilog has no
words for is renamed (keywords get a ``_``), signals that only repeat another one are left out,
memories are cleared by a loop instead of a line per word, and every combinational block is
evaluated when a simulation begins.
"""

import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from flexdrive.emit import RtlilDesign, emit_rtlil

from ..tools import run_yosys

__all__ = ["VERILOG_SCRIPT", "VerilogDesign", "emit_verilog", "verilog_of"]

# What Amaranth's own Verilog back end runs.
VERILOG_SCRIPT = """\
read_rtlil design.il
proc -nomux -norom
memory_collect
write_verilog design.v
"""
# Attributes by Amaranth and yosys themselves, which tell a reader or a tool nothing; what remains
# was asked for where a component was made: `keep`, `ram_style`.
_NOTES = re.compile(r" *attribute \\(?:enum_\w+|generator|src|top) .*\n")
_WRITTEN_NOTES = re.compile(r"^ *\(\* (?:full_case|init) = .* \*\)\n", re.M)

# IEEE 1364-2005, annex B; and what SystemVerilog (IEEE 1800-2017, annex B) adds, since many tools
# read every file as SystemVerilog.
_KEYWORDS = frozenset("""
always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign
default defparam design disable edge else end endcase endconfig endfunction endgenerate endmodule
endprimitive endspecify endtable endtask event for force forever fork function generate genvar
highz0 highz1 if ifnone incdir include initial inout input instance integer join large liblist
library localparam macromodule medium module nand negedge nmos nor noshowcancelled not notif0
notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown pullup
pulsestyle_onevent pulsestyle_ondetect rcmos real realtime reg release repeat rnmos rpmos rtran
rtranif0 rtranif1 scalared showcancelled signed small specify specparam strong0 strong1 supply0
supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use
uwire vectored wait wand weak0 weak1 while wire wor xnor xor
accept_on alias always_comb always_ff always_latch assert assume before bind bins binsof bit
break byte chandle checker class clocking const constraint context continue cover covergroup
coverpoint cross dist do endchecker endclass endclocking endgroup endinterface endpackage
endprogram endproperty endsequence enum eventually expect export extends extern final
first_match foreach forkjoin global iff ignore_bins illegal_bins implements implies import inside
int interconnect interface intersect join_any join_none let local logic longint matches modport
nettype new nexttime null package packed priority program property protected pure rand randc
randcase randsequence ref reject_on restrict return s_always s_eventually s_nexttime s_until
s_until_with sequence shortint shortreal soft solve static string strong struct super
sync_accept_on sync_reject_on tagged this throughout timeprecision timeunit type typedef union
unique unique0 until until_with untyped var virtual void wait_order weak wildcard with within
""".split())  # noqa: SIM905

# RTLIL: a name is public (from Python, \\name) or made up ($1). Both only after white space.
_NAME = re.compile(r"(?<=\s)(\\\S+|\$\d+)")
_WIRE = re.compile(r"(  wire .*?)((?:input|output) \d+\s+(?:signed\s+)?)?(\\\S+|\$\d+)$")
_PORT = re.compile(r"    connect \\(\S+)( .*)")
# `begin if (x) begin end` makes simulators evaluate a block without inputs once; the name that
# yosys gives the helper is its own source line.
_ONCE = re.compile(r"\\\$auto\$verilog_backend\.cc:\d+:dump_module\$\d+ ")
# What yosys leaves unguarded: assignments without a condition, to a part of a vector whose other
# parts are assigned in blocks of their own.
_UNGUARDED = re.compile(r"  always @\*\n    ([^;\n]+;)\n")
_ONCE_DECLARED = "  reg evaluate_once = 0;\n"
# A value at the declaration of a variable makes no event in SystemVerilog (IEEE 1800-2017, 6.8 and
# 10.5), and one assigned by `initial` may come before the blocks wait for it; a nonblocking one
# comes after they do, in both languages.
_ONCE_ASSIGNED = "  reg evaluate_once;\n  initial evaluate_once <= 1'h0;\n"
_CLEARED = re.compile(r"  initial begin\n(?:    (\w+)\[\d+\] = (\d+'[hd]0+);\n)+  end\n")


@dataclass(frozen=True)
class VerilogDesign:
    """Result of an emission.

    Attributes
    ----------
    text : Verilog of all modules, in alphabetical order.
    rtlil : the RTLIL that it was made of, with the same names.
    ports : {name in RTLIL: name in Verilog} of the top module's ports where they differ.
    instances : {module: {instance: its module}} of all modules.
    """

    text: str
    rtlil: RtlilDesign
    ports: dict
    instances: dict


def emit_verilog(component, *, name=None, header="", notify=None):
    """Translate ``component`` to Verilog.

    Parameters
    ----------
    component : :class:`amaranth.lib.wiring.Component`
    name : name of the top module, see :func:`flexdrive.emit.emit_rtlil`.
    header : text for a comment on top of the file.
    notify : called with a line of text before each slow step.

    Returns
    -------
    :class:`VerilogDesign`

    Raises
    ------
    ToolError
        when yosys fails.
    """
    return verilog_of(emit_rtlil(component, name=name), header=header, notify=notify)


def verilog_of(design, *, header="", notify=None):
    """Translate an emitted design (:class:`flexdrive.emit.RtlilDesign`) to Verilog."""
    text, renamed = _rename(_drop_unused(_NOTES.sub("", design.text)))
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "design.il").write_text(text)
        run_yosys(VERILOG_SCRIPT, cwd=place, what=f"translating {design.top} to Verilog",
                  notify=notify)
        verilog = (Path(place) / "design.v").read_text()
    # The first line names the build of yosys.
    _, _, verilog = verilog.partition("\n")
    verilog = _WRITTEN_NOTES.sub("", verilog)
    verilog = _ONCE.sub("evaluate_once", verilog)
    verilog = re.sub(r"^module .*?^endmodule\n", _evaluate_all, verilog, flags=re.M | re.S)
    verilog = _CLEARED.sub(_loop, verilog)
    comment = "".join(f"// {line}".rstrip() + "\n" for line in header.splitlines())
    ports = {p.name: renamed[p.name] for p in design.ports if p.name in renamed}
    return VerilogDesign(comment + verilog, design, ports, _instances(text))


def _drop_unused(text):
    """Leave out what is computed and never used: Amaranth writes a wire for every field of a
    structure and every port of every submodule, and operations whose result was not needed."""
    return "".join(map(_drop_in_module, re.split(r"(?<=^end\n)", text, flags=re.M)))


def _drop_in_module(module):
    kept = _statements(module)
    while True:
        uses = Counter(name for _, _, names in kept for name in names)
        # A declaration defines nothing; whatever else defines a name without uses can go.
        needed = [s for s in kept if s[1] is None or uses[s[1]]]
        if len(needed) == len(kept):
            break
        kept = needed
    defined = uses + Counter(name for _, name, _ in kept if name is not None)
    lines = []
    for text, _, _ in kept:
        wire = _WIRE.match(text)
        if wire and wire[3] not in defined:
            # Attributes stand before what they belong to.
            while lines and lines[-1].startswith("  attribute "):
                lines.pop()
            continue
        lines.append(text)
    return "".join(lines)


def _statements(module):
    """(text, name of the wire that it drives and nothing else or None, names that it uses)."""
    found = []
    lines = iter(module.splitlines(keepends=True))
    for line in lines:
        wire = _WIRE.match(line)
        if wire:
            found.append((line, None, [wire[3]] if wire[2] else []))
        elif line.startswith("connect "):
            target, *names = _NAME.findall(line)
            # A part of a wire: its other parts may be used.
            found.append((line, target, names))
        elif line.startswith("  cell "):
            found.append(_cell(line, lines))
        else:
            found.append((line, None, _NAME.findall(line)))
    return found


def _cell(line, lines):
    text, target, names = [line], None, []
    while not text[-1].startswith("  end"):
        text.append(next(lines))
        match = _PORT.match(text[-1])
        if match:
            values = _NAME.findall(match[2])
            if line.startswith("  cell $") and match[1] == "Y":
                (target,) = values
            else:
                names += values
    return "".join(text), target, names


def _rename(text):
    """Public names that Verilog can write without escapes; returns them by their old ones."""
    names = [name[1:] for name in dict.fromkeys(_NAME.findall(text)) if name[0] == "\\"]
    taken = set(names)
    renamed = {}
    for name in names:
        clean = re.sub(r"\W+", "_", name).strip("_")
        clean = f"n{clean}" if clean[:1].isdigit() else clean
        clean = f"{clean}_" if clean in _KEYWORDS else clean
        if clean == name or (re.fullmatch(r"[A-Za-z_]\w*", name) and name not in _KEYWORDS):
            continue
        base, count = clean, 2
        while clean in taken:
            clean, count = f"{base}_{count}", count + 1
        taken.add(clean)
        renamed["\\" + name] = "\\" + clean

    def replace(match):
        return renamed.get(match[1], match[1])

    lines = [line if line.lstrip().startswith(("attribute ", "parameter "))
             else _NAME.sub(replace, line) for line in text.splitlines(keepends=True)]
    return "".join(lines), {old[1:]: new[1:] for old, new in renamed.items()}


def _instances(text):
    found = {}
    for line in text.splitlines():
        if line.startswith("module \\"):
            instances = found[line[8:]] = {}
        elif match := re.match(r"  cell \\(\S+) \\(\S+)", line):
            instances[match[2]] = match[1]
    return found


def _evaluate_all(match):
    """A module whose combinational blocks are evaluated when a simulation begins: a simulator
    runs ``always @*`` when something changes that it reads, and registers whose value at power-up
    is that of their reset may never change."""
    text = match[0].replace(_ONCE_DECLARED, "")
    text = _UNGUARDED.sub(
        r"  always @* begin\n    if (evaluate_once) begin end\n    \1\n  end\n", text)
    if "(evaluate_once)" in text:
        text = text.replace(");\n", f");\n{_ONCE_ASSIGNED}", 1)
    return text


def _loop(match):
    """A memory cleared word by word, cleared in a loop."""
    memory, value = match[1], match[2]
    words = match[0].count("\n") - 2
    return (f"  integer {memory}_word;\n  initial\n"
            f"    for ({memory}_word = 0; {memory}_word < {words}; "
            f"{memory}_word = {memory}_word + 1)\n      {memory}[{memory}_word] = {value};\n")
