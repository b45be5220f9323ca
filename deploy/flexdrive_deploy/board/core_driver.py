"""A Flex-V core behind a cable: load a program, run it, read its memory."""

from dataclasses import dataclass

import numpy as np

from flexdrive.boards.frame import ADDRESS_BITS, MOST_WORDS, Kind, Space
from flexdrive.boards.registers import Design, End

from .device import Device
from .errors import BoardError

__all__ = ["CoreBoard", "CoreRun"]

_LIMIT = 1_000_000_000      # cycles; seconds
_ENDS = {
    End.ASLEEP: "it sleeps in wfi, and no interrupt can come",
    End.LIMIT: "it is not finished",
}


@dataclass(frozen=True)
class CoreRun:
    """How a run ended: why, the word that was stored at tohost, cycles, what was printed."""

    end: End
    value: int
    cycles: int
    console: bytes = b""

    @property
    def passed(self):
        """Whether the program says that all went well."""
        return self.end == End.STORED and self.value == 1

    @property
    def verdict(self):
        """One line."""
        if self.end != End.STORED:
            return f"{_ENDS[self.end]} after {self.cycles:,} cycles"
        if self.passed:
            return "passed"
        if self.value & 1 == 0:
            return (f"host call at {self.value:#010x}, which a board does not serve (docs/bring-up"
                    ".md)")
        code = self.value >> 1
        if code & ~0x3F == 0x400:
            return f"unexpected trap, cause {code & 0x3F}"
        return f"failed: test {code}"


class CoreBoard(Device):
    """A board with a Flex-V core, in a session of its own: making it resets the board.

    Parameters
    ----------
    transport, options : see :class:`~.link.Link`.
    """

    design = Design.FLEXV

    def __init__(self, transport, **options):
        super().__init__(transport, **options)
        self._program = None

    def _begun(self):
        super()._begun()
        self._runs = 0

    def waits(self):
        """What the core does, in words."""
        fields = self.fields("STATUS")
        if fields["running"]:
            return "the core waits with a character" if fields["printing"] else "the core runs"
        return f"the core does not run ({End(fields['end']).name.lower()})"

    def load(self, program):
        """Bring a program to the memory; a CRC-32 over all of its words is compared.

        Parameters
        ----------
        program : :class:`~flexdrive_deploy.flexv.elf.Program`.

        Raises
        ------
        BoardError
            when it does not fit, or the board has other words than were sent.
        """
        base, size = self.identity["MEMORY_BASE"], 4 * self.identity["MEMORY_WORDS"]
        spans = [(address, address + each) for address, _, each in program.segments]
        spans.append((program.symbols.get("__stack_limit", base),
                      program.symbols.get("__stack_top", base)))
        for begin, end in spans:
            if not base <= begin <= end <= base + size:
                raise BoardError(
                    f"{program.path} uses {begin:#x} to {end:#x}, the memory of {self._name} is "
                    f"{base:#x} to {base + size:#x}. What would pass: less data, or a smaller "
                    "stack (flexdrive flexv build --stack BYTES)")
        self.begin()
        image = program.image()
        words = np.asarray(image.data, np.uint32)
        self.set("OFFSET", (image.base - base) // 4)
        self._run([self._writing(Space.PROGRAM, words)])
        self.set("BOOT", program.entry)
        self.set("TOHOST", program.symbol("tohost", "tells when a program is done"))
        self._program = program

    def run(self, limit=_LIMIT, show=None):
        """Run what was loaded, from its beginning; data are as the run before left them.

        Parameters
        ----------
        limit : cycles after which it is ended, 1 to 2**32 - 1.
        show : called with bytes as they are printed.

        Returns
        -------
        :class:`CoreRun`
        """
        if self._program is None:
            raise BoardError(f"{self._name}: no program was loaded")
        self.set("LIMIT", limit)
        self._runs += 1
        self.set("RUN", self._runs)
        console = b""
        while True:
            done = self.get("RUNS_DONE") == self._runs
            text = self._printed()
            console += text
            if text and show is not None:
                show(text)
            if done and not text:
                break
            if not text:
                self._rest()
        low, high = self.link.read(self.address("CYCLES_LOW"), 2)
        return CoreRun(End(self.fields("STATUS")["end"]), self.get("VALUE"), high << 32 | low,
                       console)

    def _printed(self):
        """The next bytes that were printed; makes room for more."""
        here = self._position[Space.RESULTS]
        words = self.link.ask(Kind.READ, Space.RESULTS, here, (MOST_WORDS, here)).words
        self._position[Space.RESULTS] = (here + len(words)) % (1 << ADDRESS_BITS)
        return bytes(word & 0xFF for word in words)

    def _rest(self):
        """Let the core work for a moment."""
        end = self.link.transport.now() + self.link.transport.pause
        while (left := end - self.link.transport.now()) > 0:
            self.link.transport.read(left)

    @property
    def _name(self):
        return self.link.transport.name

    def read(self, address, count):
        """``count`` words of the memory from ``address`` on, uint32; not while the core runs.

        Raises
        ------
        BoardError
            when it has none there.
        """
        base, words = self.identity["MEMORY_BASE"], self.identity["MEMORY_WORDS"]
        first = (address - base) // 4
        if address % 4 or not 0 <= first <= first + count <= words:
            raise BoardError(f"{self._name}: {count} words at {address:#x} are not in its memory, "
                             f"{base:#x} to {base + 4 * words:#x}")
        return np.array(self.peek(Space.PROGRAM, first, count), np.uint32)
