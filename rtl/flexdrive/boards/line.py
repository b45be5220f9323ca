"""What every design behind a serial line has: the line, and its registers. docs/board-link.md."""

from amaranth.hdl import Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..arguments import Recorded
from ..bus.uart import UartReceiver, UartTransmitter
from ..hyperdrive.descriptor.codes import VERSION
from .executor import Executor
from .frame import PROTOCOL, Space
from .receiver import FrameReceiver
from .register_file import RegisterFile
from .registers import MAGIC, TABLES
from .sender import FrameSender

__all__ = ["LineSystem", "common_constants"]


def common_constants(config, design):
    """Constant registers of every design, name -> value, of a :class:`~.config.LineConfig`."""
    low = (1 << 32) - 1
    return {
        "MAGIC": MAGIC, "PROTOCOL": PROTOCOL | design << 8 | VERSION << 16,
        "CONFIGURATION_LOW": config.configuration & low,
        "CONFIGURATION_HIGH": config.configuration >> 32,
        "BUILD_LOW": config.build & low, "BUILD_HIGH": config.build >> 32,
        "CLOCK": config.clock, "BAUD": config.baud, "CREDIT": config.credit,
    }


class LineSystem(Recorded, wiring.Component):
    """Base of the designs behind a serial line, in one clock domain.

    The domain's reset must be high at first until the clock is good, and in every cycle in which
    ``reset_request`` is.

    Latency: bytes of the line, then that of the design; no input reaches an output without
    a register.

    Parameters
    ----------
    config : a :class:`~.config.LineConfig`.

    Members
    -------
    rx : the line from the host, asynchronous. tx : the line to the host, a register.
    reset_request : a reset frame came.
    busy, fault : the design works; something went wrong.
    heard : for one cycle: a good frame came.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "reset_request": Out(1),
                          "busy": Out(1), "fault": Out(1), "heard": Out(1)})

    def begin(self, m, design, constants):
        """Line, executor and registers of a design of :class:`~.registers.Design` in a module.

        ``constants`` : name -> value of the constant registers that are its own.

        Returns
        -------
        (executor, registers), to be connected but for line and registers.
        """
        table = TABLES[design]
        m.submodules.executor = executor = Executor(len(table))
        m.submodules.registers = registers = RegisterFile(
            tuple((common_constants(self.config, design) | constants).items()), table)
        for name, counter in self._line(m, executor).items():
            m.d.comb += registers.state[name].eq(counter)
        m.d.comb += [
            registers.address.eq(executor.address), registers.value.eq(executor.word_out),
            registers.write.eq(executor.write & (executor.space == Space.REGISTERS)),
        ]
        return executor, registers

    def _line(self, m, executor):
        """Both directions of the line; returns counters of what came, by name of register."""
        config = self.config
        m.submodules.uart_receiver = uart_in = UartReceiver(config.divisor)
        m.submodules.uart_transmitter = uart_out = UartTransmitter(config.divisor)
        m.submodules.receiver = receiver = FrameReceiver(config.request_words,
                                                         config.silent_cycles)
        m.submodules.sender = sender = FrameSender()
        wiring.connect(m, receiver.o, executor.i)
        wiring.connect(m, executor.o, sender.i)
        wiring.connect(m, sender.o, uart_out.i)
        m.d.comb += [
            uart_in.line.eq(self.rx), self.tx.eq(uart_out.line), receiver.byte.eq(uart_in.byte),
            receiver.valid.eq(uart_in.valid), receiver.broken.eq(uart_in.broken),
            executor.session.eq(receiver.session), self.heard.eq(receiver.good),
            self.reset_request.eq(receiver.reset_request),
        ]
        counters = {}
        for name, pulse in (("FRAMES_GOOD", receiver.good), ("FRAMES_BAD", receiver.bad),
                            ("FRAMES_LOST", receiver.lost), ("BYTES_BROKEN", uart_in.broken)):
            counters[name] = counter = Signal(32, name=name.lower())
            m.d.sync += counter.eq(counter + pulse)
        return counters
