"""A Flex-V core behind a cable: load a program, run it, read its memory."""

from dataclasses import dataclass, replace

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
_TRAPPED = 0x400            # firmware/start.S: and the cause, in a trap that nobody expects


@dataclass(frozen=True)
class CoreRun:
    """How a run ended: why, the word that was stored at tohost, cycles, what was printed; of a trap
    that nobody expected (mcause, mepc, mtval), where the program keeps them."""

    end: End
    value: int
    cycles: int
    console: bytes = b""
    trap: tuple = ()

    @property
    def passed(self):
        """Whether the program says that all went well."""
        return self.end == End.STORED and self.value == 1

    @property
    def verdict(self):
        """One line."""
        if self.end == End.PROGRAM:
            return ("it did not begin: the words that came to the memory have another CRC-32 than "
                    "the program")
        if self.end != End.STORED:
            return f"{_ENDS[self.end]} after {self.cycles:,} cycles"
        if self.passed:
            return "passed"
        if self.value & 1 == 0:
            return (f"host call at {self.value:#010x}, which a board does not serve (docs/bring-up"
                    ".md)")
        if self.trapped:
            _, mepc, mtval = self.trap or (0, None, None)
            where = "" if mepc is None else f", mepc {mepc:#010x}, mtval {mtval:#010x}"
            return f"unexpected trap, cause {self.value >> 1 & 0x3F}{where}"
        return f"failed: test {self.value >> 1}"

    @property
    def trapped(self):
        """Whether a trap that nobody expected ended it."""
        return bool(self.end == End.STORED and self.value & 1
                    and self.value >> 1 & ~0x3F == _TRAPPED)


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
        self._runs, self._console = 0, b""

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
        self.start(limit)
        return self.finish(show)

    def start(self, limit=_LIMIT):
        """Begin a run, see :meth:`run`; :meth:`finish` ends it."""
        if self._program is None:
            raise BoardError(f"{self._name}: no program was loaded")
        self.set("LIMIT", limit)
        self._runs += 1
        self._console = b""
        self.set("RUN", self._runs)

    def finish(self, show=None):
        """Wait for the end of a run, see :meth:`run`."""
        while True:
            done = self._over()
            text = self._printed()
            if text and show is not None:
                show(text)
            if done and not text:
                break
            if not text:
                self._rest()
        low, high = self.link.read(self.address("CYCLES_LOW"), 2)
        run = CoreRun(End(self.fields("STATUS")["end"]), self.get("VALUE"), high << 32 | low,
                      self._console)
        place = self._program.symbols.get("unexpected_trap") if self._program else None
        if run.trapped and place is not None:
            run = replace(run, trap=tuple(self.read(place, 3).tolist()))
        return run

    def printed(self):
        """What the run has printed so far."""
        while self._printed():
            pass
        return self._console

    def _over(self):
        """Whether the run has ended."""
        return self.get("RUNS_DONE") == self._runs

    def _printed(self):
        """The next bytes that were printed, which join the run's; makes room for more."""
        text = bytes(word & 0xFF for word in self._taken(Space.RESULTS, MOST_WORDS))
        self._console += text
        return text

    def _taken(self, space, most):
        """The next words of a ring, up to ``most``; makes room for more."""
        here = self._position[space]
        words = self.link.ask(Kind.READ, space, here, (min(most, MOST_WORDS), here)).words
        self._position[space] = (here + len(words)) % (1 << ADDRESS_BITS)
        return words

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
