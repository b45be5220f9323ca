"""How a run of a program ended, the same for the simulator and for the hardware."""

from dataclasses import dataclass, field

from flexdrive.errors import FlexdriveError

__all__ = ["CAUSES", "CONSOLE", "Outcome", "signature_span", "signature_text"]

# Bytes stored here are printed.
CONSOLE = 0x10000000

CAUSES = {1: "instruction access fault", 2: "illegal instruction", 3: "breakpoint",
          5: "load access fault", 7: "store access fault", 11: "environment call"}


@dataclass
class Outcome:
    """Result of a run.

    Attributes
    ----------
    verdict : one line: what ended the run.
    passed : whether the program wrote 1 to tohost.
    instructions, cycles : retired instructions, clock cycles (None for the simulator).
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


def verdict_of_tohost(value):
    """(line, passed) of a value written to tohost."""
    if value == 1:
        return "passed", True
    if value & 1:
        code = value >> 1
        if code & ~0x3F == 0x400:
            cause = code & 0x3F
            return (f"failed: unexpected trap, cause {cause} "
                    f"({CAUSES.get(cause, 'unknown')})"), False
        return f"failed: test {code}", False
    return f"failed: host call {value:#x} is not supported (tohost takes odd values)", False


def verdict_of_trap(cause, value, pc):
    """Line for a trap while there is no handler (mtvec is still 0)."""
    return (f"failed: trap outside a handler: {CAUSES.get(cause, f'cause {cause}')} "
            f"at pc {pc:#010x}, value {value:#x}")


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
