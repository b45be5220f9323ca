"""The core's RTL on the compiled engine, with memory and interrupts around it."""

import ctypes
from importlib.resources import files

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.core import Core, CoreConfig
from flexdrive_sim.engine import Model, compile_model

from .devices import CONSOLE

__all__ = ["RECORD", "BrokenRule", "CoreBench", "build_core"]

# One retired instruction, see rvfi_record.h.
RECORD = np.dtype([(name, "<u4") for name in (
    "pc", "next", "insn", "flags", "rd", "value", "rd2", "value2", "address", "masks", "wdata",
    "rdata", "lines", "cycle", "sources", "rs1", "rs2")])


class BrokenRule(FlexdriveError):
    """The core breaks a rule of its memory ports."""


class _Region(ctypes.Structure):
    _fields_ = [("base", ctypes.c_uint32), ("size", ctypes.c_uint32), ("data", ctypes.c_void_p)]


class _Setup(ctypes.Structure):
    _fields_ = [("regions", ctypes.c_void_p), *((name, ctypes.c_uint32) for name in (
        "count", "tohost", "fromhost", "console", "clint", "stack_limit", "stack_top",
        "imem_latency", "dmem_latency", "stall_seed", "interrupt_seed", "interrupt_period",
        "interrupt_mask", "boot"))]


def build_core(config=None, *, component=None, notify=None):
    """Compile the core with its test bench; the result makes :class:`CoreBench`. Without a
    configuration it has all extensions."""
    core = component or Core(config or CoreConfig(rvfi=True))
    extra = "".join((files(__package__) / name).read_text()
                    for name in ("rvfi_record.h", "core_ports.h", "core_run.cc"))
    return compile_model(core, extra=extra, notify=notify)


class CoreBench:
    """One core running from reset.

    Parameters
    ----------
    built : from :func:`build_core`.
    regions : memory, changed in place.
    tohost : address whose change to nonzero ends a run, or None.
    fromhost : with it host calls through tohost are carried out.
    clint : address of timer, software interrupt and lines (:mod:`.devices`), or None.
    stack : (lowest address, end) of the stack that must not overflow, or None.
    imem_latency, dmem_latency : cycles from grant to response, at least 1; 0, in the cycle of the
        grant, for a component around the core that allows it.
    random_stalls : seed of random grants and latencies, or 0.
    interrupts : (seed, mean cycles between changes, mask of lines), or None.
    log : records kept of retired instructions.
    inputs : values of further input ports, by name.

    Each run checks what the core gives to its memories: :attr:`RULES`.
    """

    RULES = (
        "there is no request during reset",
        "a request stays as it is until it is granted",
        "addresses are multiples of 4",
        "an instruction's access is on the bus in its order, with exactly its bytes and its data",
        "every store on the bus is one of an instruction",
    )
    REASONS = ("cycles", "instructions", "tohost", "hang", "stack", "sleep")

    def __init__(self, built, regions, boot, *, tohost=None, fromhost=None, clint=None,
                 stack=None, imem_latency=1, dmem_latency=1, random_stalls=0,
                 interrupts=None, log=1024, inputs=None):
        self._model, self.regions, self.stack = Model(built), regions, stack or (0, 0)
        for name, value in (inputs or {}).items():
            self._model.set(name, value)
        self._library = library = self._model._library
        library.flexv_create.restype = ctypes.c_void_p
        library.flexv_cycles.restype = library.flexv_retired.restype = ctypes.c_uint64
        library.flexv_exit_value.restype = library.flexv_sp.restype = ctypes.c_uint32
        library.flexv_broken.restype = ctypes.c_uint32
        table = (_Region * len(regions))(*(
            _Region(r.base, len(r.data), r.data.ctypes.data) for r in regions))
        self._table = table
        seed, period, mask = interrupts or (0, 1, 0)
        # No word lies at address 1.
        setup = _Setup(ctypes.addressof(table), len(regions), 1 if tohost is None else tohost,
                       1 if fromhost is None else fromhost, CONSOLE, 1 if clint is None else clint,
                       *self.stack, imem_latency, dmem_latency, random_stalls, seed, period,
                       mask, boot)
        self._bench = ctypes.c_void_p(
            library.flexv_create(self._model._handle, ctypes.byref(setup)))
        self.records = np.zeros(log, RECORD)

    def __del__(self):
        if getattr(self, "_bench", None) is not None:
            self._library.flexv_destroy(self._bench)
            self._bench = None

    @property
    def cycles(self):
        return self._library.flexv_cycles(self._bench)

    @property
    def retired(self):
        """Logged instructions, those that trapped included."""
        return self._library.flexv_retired(self._bench)

    @property
    def exit_value(self):
        return self._library.flexv_exit_value(self._bench)

    @property
    def sp(self):
        """What was last written to the stack pointer."""
        return self._library.flexv_sp(self._bench)

    @property
    def console(self):
        """Bytes printed so far."""
        size = self._library.flexv_printed(self._bench, None, 0)
        buffer = ctypes.create_string_buffer(max(1, size))
        self._library.flexv_printed(self._bench, buffer, size)
        return buffer.raw[:size]

    def output(self, name):
        """Value of a further output port."""
        return self._model.get(name)

    def run(self, cycles, instructions=1 << 62):
        """Run until a total of ``cycles`` or ``instructions``; returns the reason to stop. Raises
        :class:`BrokenRule`."""
        reason = self._library.flexv_run(
            self._bench, ctypes.c_uint64(cycles), ctypes.c_uint64(instructions),
            self.records.ctypes.data_as(ctypes.c_void_p), len(self.records))
        broken = self._library.flexv_broken(self._bench)
        if broken:
            raise BrokenRule(f"The core has broken rules of its memory ports by cycle "
                             f"{self.cycles:,}: " + "; ".join(
                                 rule for i, rule in enumerate(self.RULES) if broken >> i & 1))
        return self.REASONS[reason]

    def last(self, count):
        """The last ``count`` records, oldest first; at most as many as are kept."""
        count = min(count, self.retired, len(self.records))
        return self.records[np.arange(self.retired - count, self.retired) % len(self.records)]
