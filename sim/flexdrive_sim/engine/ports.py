"""Ports and streams of an emitted design, and the C++ that reaches them."""

import re
from dataclasses import dataclass

__all__ = ["StreamPort", "mangle", "port_table", "stream_ports"]


@dataclass(frozen=True)
class StreamPort:
    """A stream found among the ports: ``NAME_payload*``, ``NAME_valid``, ``NAME_ready``.

    Attributes
    ----------
    name : the common prefix.
    source : true when the testbench is the source (the design's payload is an input).
    width : bits of the payload.
    """

    name: str
    source: bool
    width: int


def stream_ports(ports):
    """All streams among ``ports``, in port order, as ``{name: StreamPort}``."""
    by_name = {port.name: port for port in ports}
    found = {}
    for port in ports:
        if not port.name.endswith("_payload"):
            continue
        name = port.name.removesuffix("_payload")
        if f"{name}_valid" in by_name and f"{name}_ready" in by_name:
            found[name] = StreamPort(name, port.direction == "input", port.width)
    return found


def mangle(name):
    """CXXRTL's C++ identifier of the public name ``name``."""
    return "p_" + re.sub(r"[^A-Za-z0-9]",
                         lambda m: "__" if m[0] == "_" else f"_{ord(m[0]):x}_", name)


def port_table(design, streams):
    """C++ of the port table that ``harness.cc`` expects."""
    lines = [f"using design = cxxrtl_design::{mangle(design.top)};",
             f"static constexpr bool HAS_CLOCK = {str(design.clocked).lower()};",
             "static inline void set_clock(design &d, bool level) {",
             *(["\td.p_clk.set<bool>(level);"] if design.clocked else ["\t(void)d, (void)level;"]),
             "}",
             "static void set_port(design &d, uint32_t port, const harness::chunk *value) {",
             "\tswitch (port) {"]
    ports = [*((p.name, p.width, p.direction) for p in design.ports), *_clock_ports(design)]
    for index, port in enumerate(ports):
        if port[2] == "input" and port[1] > 0:
            lines.append(f"\tcase {index}: harness::load(d.{mangle(port[0])}, value); break;")
    lines += ["\t}", "}",
              "static void get_port(design &d, uint32_t port, harness::chunk *value) {",
              "\tswitch (port) {"]
    for index, port in enumerate(ports):
        if port[1] > 0:
            lines.append(f"\tcase {index}: harness::store(d.{mangle(port[0])}, value); break;")
    lines += ["\t}", "}", "static uint64_t chunks_of(uint32_t port) {", "\tswitch (port) {"]
    for index, port in enumerate(ports):
        lines.append(f"\tcase {index}: return {-(-port[1] // 32)};")
    lines += ["\tdefault: return 0;", "\t}", "}"]
    lines += _stream_code(streams)
    return "\n".join(lines)


def _clock_ports(design):
    return [("rst", 1, "input")] if design.clocked else []


def _stream_code(streams):
    offer, transfer, finished = [], [], ["\treturn true"]
    for index, stream in enumerate(streams.values()):
        payload, valid, ready = (f"d.{mangle(f'{stream.name}_{part}')}"
                                 for part in ("payload", "valid", "ready"))
        chunks = -(-stream.width // 32)
        s = f"s[{index}]"
        finished.append(f" && {s}.done == {s}.count")
        gate = f"{s}.gate[cycle % {s}.gate_length]"
        # A stream without a buffer (gate is null) is left to the testbench.
        if stream.source:
            offer += [f"\tif ({s}.gate) {{",
                      f"\t\tif (!{s}.offering && {s}.done < {s}.count && {gate}) {{",
                      f"\t\t\t{s}.offering = 1;"]
            if chunks:
                offer.append(f"\t\t\tharness::load({payload}, {s}.words + {s}.done * {chunks});")
            offer += ["\t\t}", f"\t\t{valid}.set<bool>({s}.offering);", "\t}"]
            transfer += [f"\tif ({s}.gate && {s}.offering && harness::bit({ready})) {{",
                         f"\t\t{s}.offering = 0;"]
        else:
            offer.append(f"\tif ({s}.gate) {ready}.set<bool>({s}.done < {s}.count && {gate});")
            transfer += [f"\tif ({s}.gate && {s}.done < {s}.count && {gate} && "
                         f"harness::bit({valid})) {{"]
            if chunks:
                transfer.append(
                    f"\t\tharness::store({payload}, {s}.words + {s}.done * {chunks});")
        transfer += [f"\t\tif ({s}.cycles) {s}.cycles[{s}.done] = cycle;",
                     f"\t\t{s}.done++; {s}.last_cycle = cycle;", "\t}"]
    finished.append(";")
    unused = "\t(void)d, (void)s, (void)cycle;"
    return [f"static constexpr uint32_t STREAMS = {len(streams)};",
            "static inline void offer(design &d, harness::stream *s, uint64_t cycle) {",
            unused, *offer, "}",
            "static inline void transfer(design &d, harness::stream *s, uint64_t cycle) {",
            unused, *transfer, "}",
            "static inline bool finished(harness::stream *s) {", "\t(void)s;",
            "".join(finished), "}"]
