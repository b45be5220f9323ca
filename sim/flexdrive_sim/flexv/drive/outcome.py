"""How a run of a program ended, the same for the simulator and for the hardware.

What says where something happened is a function of an address, see
:meth:`flexdrive_deploy.flexv.symbols.Symbols.where`.
"""

from dataclasses import dataclass, field

from flexdrive.errors import FlexdriveError

from .devices import EXIT, WRITE

__all__ = ["CAUSES", "Outcome", "signature_span", "signature_text", "stack_span",
           "verdict_of_hang", "verdict_of_sleep", "verdict_of_stack", "verdict_of_tohost",
           "verdict_of_trap"]

CAUSES = {1: "instruction access fault", 2: "illegal instruction", 3: "breakpoint",
          5: "load access fault", 7: "store access fault", 11: "environment call"}
INTERRUPTS = {3: "software", 7: "timer", 11: "external"}


@dataclass
class Outcome:
    """Result of a run.

    Attributes
    ----------
    verdict : one line: what ended the run.
    passed : whether the program wrote 1 to tohost.
    instructions, cycles : executed instructions, those that trapped included; clock cycles (None
        for the simulator).
    trace : text of the last instructions.
    console : bytes printed.
    regions : memory at the end.
    """

    verdict: str
    passed: bool
    instructions: int
    cycles: int | None
    trace: list = field(default_factory=list)
    console: bytes = b""
    regions: list = field(default_factory=list)


def verdict_of_tohost(value, program, regions, symbols):
    """(line, passed) of a value written to tohost; ``regions`` is memory at the end."""
    if value == 1:
        return "passed", True
    if value & 1:
        code = value >> 1
        if code & ~0x3F == 0x400:
            return _unexpected_trap(code & 0x3F, program, regions, symbols.where), False
        return f"failed: test {code}", False
    number = _bytes_at(regions, value, 8)
    if number is None:
        return (f"failed: host call with its arguments at {value:#010x}, where there is no "
                f"memory"), False
    number = int.from_bytes(number, "little")
    if number in (WRITE, EXIT):
        return "failed: host call without a symbol fromhost, where its end is told", False
    return (f"failed: host call {number} is not supported; {WRITE} (write) and {EXIT} (exit) "
            f"are"), False


def _unexpected_trap(cause, program, regions, where):
    """Line for what the start-up code's handler has met; it leaves mcause, mepc and mtval."""
    place = program.symbols.get("unexpected_trap")
    stored = None if place is None else _bytes_at(regions, place, 12)
    if stored is None:
        return f"failed: unexpected trap, cause {cause} ({CAUSES.get(cause, 'unknown')})"
    whole, pc, value = (int.from_bytes(stored[i:i + 4], "little") for i in (0, 4, 8))
    if whole >> 31:
        return (f"failed: unexpected interrupt {cause} ({INTERRUPTS.get(cause, 'local')}), "
                f"mepc {pc:#010x}{where(pc)}")
    return (f"failed: unexpected trap, cause {cause} ({CAUSES.get(cause, 'unknown')}), "
            f"mepc {pc:#010x}{where(pc)}, mtval {value:#x}")


def _bytes_at(regions, address, size):
    """Content of memory, or None where there is none."""
    for region in regions:
        offset = address - region.base
        if offset >= 0 and offset + size <= len(region.data):
            return region.data[offset:offset + size].tobytes()
    return None


def verdict_of_trap(cause, value, pc, where):
    """Line for a trap while there is no handler (mtvec is still 0)."""
    return (f"failed: trap outside a handler: {CAUSES.get(cause, f'cause {cause}')} "
            f"at pc {pc:#010x}, value {value:#x}{where(pc)}")


def verdict_of_hang(pc, where):
    """Line for a jump to itself that no interrupt can end."""
    return f"failed: hangs in a jump to itself at pc {pc:#010x}{where(pc)}"


def verdict_of_sleep(pc, where):
    """Line for a wfi that no interrupt can end."""
    return f"failed: sleeps in wfi at pc {pc:#010x}, and no interrupt can come{where(pc)}"


def verdict_of_stack(sp, limit, pc, where):
    """Line for a stack pointer that has left the stack."""
    return (f"failed: stack overflow: sp is {sp:#010x}, the stack ends at {limit:#010x}, "
            f"at pc {pc:#010x}{where(pc)}")


def stack_span(program):
    """(lowest address, end) of a program's stack; None where its linker script does not tell."""
    limit, top = (program.symbols.get(name) for name in ("__stack_limit", "__stack_top"))
    return None if limit is None or top is None else (limit, top)


def signature_span(program):
    """(begin, end) of the words that a signature consists of."""
    begin, end = (program.symbol(name, "--signature needs")
                  for name in ("begin_signature", "end_signature"))
    if end < begin or (end - begin) % 4:
        raise FlexdriveError(f"There are no whole words from begin_signature, {begin:#010x}, to "
                             f"end_signature, {end:#010x}")
    if not any(r.base <= begin and end <= r.base + len(r.data) for r in program.regions()):
        raise FlexdriveError(f"There is no memory at begin_signature, {begin:#010x}")
    return begin, end


def signature_text(program, regions):
    """The words between ``begin_signature`` and ``end_signature``, one hexadecimal word a
    line."""
    begin, end = signature_span(program)
    region = next(r for r in regions if r.base <= begin and end <= r.base + len(r.data))
    words = region.data[begin - region.base:end - region.base].view("<u4")
    return "".join(f"{word:08x}\n" for word in words)
