"""The dot-product unit behind a cable."""

from flexdrive.boards.frame import Kind, Space
from flexdrive.boards.registers import Design, register_named

from .device import Device
from .errors import BoardError

__all__ = ["DotpBoard"]


class DotpBoard(Device):
    """A board with the dot-product unit, in a session of its own: making it resets the board.

    Parameters
    ----------
    transport, options : see :class:`~.link.Link`.
    """

    design = Design.DOTP

    def _begun(self):
        super()._begun()
        self._operations = 0

    def dot(self, a, w, accumulator, **operation):
        """One dot product.

        Parameters
        ----------
        a, w, accumulator : words. operation : fields of the register OPERATION.

        Returns
        -------
        (value, illegal), see :class:`flexdrive.flexv.dotp.DotResult`
        """
        word = sum(operation.pop(name, 0) << low for name, low, _, _
                   in register_named("OPERATION", Design.DOTP).fields)
        if operation:
            raise BoardError(f"OPERATION has no field {', '.join(operation)}")
        self._operations += 1
        # Registers one after the other, from A to GO.
        values = (a, w, accumulator, word, self._operations)
        self.link.ask(Kind.WRITE, Space.REGISTERS, self.address("A"),
                      tuple(int(value) for value in values))
        value, illegal, done = self.link.read(self.address("VALUE"), 3)
        if done != self._operations:
            raise BoardError(f"{self.link.transport.name}: operation {self._operations} was not "
                             f"done, {done} were")
        return value, illegal
