"""How instructions are written in traces and listings, the same for simulator and hardware."""

from flexdrive_deploy.flexv.disassemble import code_words, disassemble, far_target, register_name
from flexdrive_deploy.flexv.elf import ElfError
from flexdrive_deploy.flexv.symbols import Symbols

__all__ = ["listing", "program_listing", "register_text"]


def listing(pc, word, symbols=None, *, targets=None):
    """Address, its place in the program, word and text of an instruction. ``targets`` gives the
    names of where it jumps to, by default ``symbols``."""
    place = "" if symbols is None else f"{symbols.place(pc) or '':<24}  "
    digits = 8 if word & 3 == 3 else 4
    return (f"{pc:08x}  {place}{word:0{digits}x}{' ' * (8 - digits)}  "
            f"{disassemble(word, pc, targets or symbols):<34}")


def register_text(number, value):
    """What a register has become."""
    return f" {register_name(number)}={value:08x}"


def program_listing(program):
    """The lines of a whole program's code, section by section."""
    if not program.code:
        raise ElfError(f"{program.path} has no table of sections, which says where code lies")
    symbols = Symbols(program)
    for code in program.code:
        yield f"section {code.name}:"
        before = None
        for address, word in code_words(code.content, code.address):
            name = symbols.name(address)
            if name is not None:
                yield f"\n{name}:"
            far = far_target(before, word)
            note = "" if far is None else f"  # {far:#x}{symbols.named(far)}"
            yield (listing(address, word, targets=symbols) + note).rstrip()
            before = address, word
        yield ""
