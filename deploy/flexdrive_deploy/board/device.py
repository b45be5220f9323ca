"""Any design behind a cable: session, identity, registers, streams."""

from flexdrive.boards.frame import Kind, Space
from flexdrive.boards.registers import Design, register_named

from .identity import Identity
from .jobs import Reading, Writing
from .link import Link

__all__ = ["Device"]

_WORDS = 64         # of a request


class Device:
    """A board, in a session of its own: making it resets the board.

    Parameters
    ----------
    transport, options : see :class:`~.link.Link`.

    Attributes
    ----------
    design : :class:`~flexdrive.boards.registers.Design` that a driver is for; None for any.
    identity : :class:`~.identity.Identity`.

    Raises
    ------
    IdentityError
        when the board has another design.
    """

    design: Design | None = None

    def __init__(self, transport, **options):
        self.link = Link(transport, **options)
        self.link.reset()
        self.identity = Identity.of(self.link)
        if self.design is not None:
            self.identity.want(self.design)
        self._begun()

    def begin(self):
        """Begin a session: the board is reset, everything is at its beginning."""
        self.link.reset()
        self._begun()

    def _begun(self):
        self.link.credit = self.identity["CREDIT"]
        self._position = dict.fromkeys(Space, 0)
        self._crc = dict.fromkeys(Space, 0)

    def close(self):
        """Give the port back."""
        self.link.transport.close()

    def address(self, name):
        """Number of a register."""
        return register_named(name, self.identity.design).address

    def get(self, name):
        """Value of a register."""
        return self.link.read(self.address(name))[0]

    def set(self, name, value):
        """Set a register."""
        self.link.write(self.address(name), value)

    def fields(self, name):
        """A register of several fields, name -> value."""
        value = self.get(name)
        return {field: value >> low & (1 << bits) - 1 for field, low, bits, _
                in register_named(name, self.identity.design).fields}

    def waits(self):
        """What the board does, in words."""
        return "the board answers"

    def _writing(self, space, words):
        job = Writing(space, words, position=self._position[space], crc=self._crc[space],
                      pause=self.link.transport.pause)
        self._position[space], self._crc[space] = job.end, job.crc
        return job

    def _reading(self, space, count):
        job = Reading(space, count, position=self._position[space],
                      pause=self.link.transport.pause)
        self._position[space] += count
        return job

    def _run(self, jobs):
        self.link.run(jobs, patience=self.link.transport.patience, explain=self.waits)

    def peek(self, space, address, count):
        """``count`` words that a store holds from ``address`` on, a list; while nothing works."""
        found = []
        while len(found) < count:
            here = min(_WORDS, count - len(found))
            found += self.link.ask(Kind.READ, space, address + len(found), (here, 0)).words
        return found
