"""The compiled engine as a Python object."""

import ctypes
from contextlib import contextmanager

import numpy as np

from .build import BuiltModel, EngineError, compile_model

__all__ = ["Model", "StreamRecord"]


class StreamRecord(ctypes.Structure):
    """``harness::stream``."""

    _fields_ = [("words", ctypes.c_void_p), ("count", ctypes.c_uint64),
                ("done", ctypes.c_uint64), ("gate", ctypes.c_void_p),
                ("gate_length", ctypes.c_uint64), ("offering", ctypes.c_uint64),
                ("last_cycle", ctypes.c_uint64), ("cycles", ctypes.c_void_p)]


class _Probe(ctypes.Structure):
    _fields_ = [("ports", ctypes.c_void_p), ("count", ctypes.c_uint64),
                ("samples", ctypes.c_void_p)]


class _Stop(ctypes.Structure):
    _fields_ = [("port", ctypes.c_int32), ("value", ctypes.c_uint32),
                ("streams", ctypes.c_uint32)]


def chunks(width):
    """32-bit chunks of a value of ``width`` bits."""
    return -(-width // 32)


class Model:
    """One instance of a compiled design, reset and ready.

    Parameters
    ----------
    component : the component, or a :class:`BuiltModel` of it.
    reset : begin with a reset of one cycle; else in the state of power-up.
    options : see :func:`flexdrive_sim.engine.build.compile_rtlil`.

    Values of ports are Python integers (unsigned bit patterns); a cycle is one rising edge of
    ``clk``. Outputs are those before the edge, after all inputs have taken effect.
    """

    def __init__(self, component, *, reset=True, **options):
        self._handle = None
        built = (component if isinstance(component, BuiltModel) else
                 compile_model(component, **options))
        self.built = built
        self._library = ctypes.CDLL(str(built.path))
        self._library.flexdrive_create.restype = ctypes.c_void_p
        self._library.flexdrive_cycle.restype = ctypes.c_uint64
        self._library.flexdrive_run.restype = ctypes.c_uint64
        self._handle = ctypes.c_void_p(
            self._library.flexdrive_create(ctypes.c_uint64(built.power_up)))
        self._index = {port.name: i for i, port in enumerate(built.ports)}
        self._width = {port.name: port.width for port in built.ports}
        if built.clocked:
            self._index["rst"], self._width["rst"] = len(built.ports), 1
        self.records = (StreamRecord * max(1, len(built.streams)))()
        self._buffers = {}
        if reset:
            self.reset()
        else:
            self.settle()

    def __del__(self):
        if self._handle is not None:
            self._library.flexdrive_destroy(self._handle)
            self._handle = None

    @property
    def cycle(self):
        """Cycles since creation, those of resets included."""
        return self._library.flexdrive_cycle(self._handle)

    def _port(self, name):
        try:
            return self._index[name]
        except KeyError:
            raise EngineError(f"The design has no port {name!r}; it has "
                              f"{', '.join(sorted(self._index))}") from None

    def set(self, name, value):
        """Drive input ``name``; takes effect at the next :meth:`settle`, :meth:`tick` or run."""
        index, width = self._port(name), self._width[name]
        value &= (1 << width) - 1
        data = value.to_bytes(4 * max(1, chunks(width)), "little")
        self._library.flexdrive_set(self._handle, index, data)

    def get(self, name):
        """Value of port ``name`` as of the last :meth:`settle`."""
        index = self._port(name)
        buffer = ctypes.create_string_buffer(4 * max(1, chunks(self._width[name])))
        self._library.flexdrive_get(self._handle, index, buffer)
        return int.from_bytes(buffer.raw, "little")

    def settle(self):
        """Let all inputs take effect without a clock edge."""
        self._library.flexdrive_settle(self._handle)

    def edge(self):
        """Take the rising edge alone: state changes, outputs are read after :meth:`settle`."""
        self._library.flexdrive_edge(self._handle)

    def tick(self, count=1):
        """Take ``count`` clock edges and settle."""
        for _ in range(count):
            self._library.flexdrive_settle(self._handle)
            self._library.flexdrive_edge(self._handle)
        self._library.flexdrive_settle(self._handle)

    def reset(self):
        """Hold ``rst`` for one cycle."""
        if self.built.clocked:
            self.set("rst", 1)
            self.tick()
            self.set("rst", 0)
        self.settle()

    def call(self, function, *arguments, result=None):
        """Call a C function of the ``extra`` source; the model's handle goes first.

        Parameters
        ----------
        arguments : integers (``uint64_t``), contiguous arrays (pointers) or ``None`` (null).
        result : ctypes type of the returned value.
        """
        entry = self._library[function]
        entry.restype = result
        return entry(self._handle, *(
            ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else
            ctypes.c_void_p(a) if a is None else ctypes.c_uint64(a) for a in arguments))

    def attach(self, stream, words, gate, *, sink=False, timestamps=False):
        """Connect stream port ``stream`` to a buffer.

        Parameters
        ----------
        words : for a source, array of shape (count, chunks) uint32; for a sink, the count.
        gate : uint8 array, see :class:`flexdrive_sim.engine.streams.Gate`.
        timestamps : record the cycle of every transfer.
        """
        names = list(self.built.streams)
        if stream not in names:
            raise EngineError(f"The design has no stream {stream!r}; it has {', '.join(names)}")
        port = self.built.streams[stream]
        if port.source == sink:
            raise EngineError(f"Stream {stream!r} is a {'source' if port.source else 'sink'} "
                              f"for the testbench, not the other way round")
        width = max(1, chunks(port.width))
        data = (np.zeros((words, width), np.uint32) if sink else
                np.ascontiguousarray(words, np.uint32).reshape(-1, width))
        gate = np.ascontiguousarray(gate, np.uint8)
        cycles = np.zeros(len(data) if timestamps else 0, np.uint64)
        self._buffers[stream] = (data, gate, cycles)
        record = self.records[names.index(stream)]
        record.words, record.count, record.done = data.ctypes.data, len(data), 0
        record.gate, record.gate_length, record.offering = gate.ctypes.data, len(gate), 0
        record.cycles = cycles.ctypes.data if timestamps else None
        return data, cycles

    def detach(self, stream):
        """Leave ``stream`` to the testbench again."""
        names = list(self.built.streams)
        self.records[names.index(stream)] = StreamRecord()
        self._buffers.pop(stream, None)

    def transferred(self, stream):
        """Words of ``stream`` moved so far."""
        return self.records[list(self.built.streams).index(stream)].done

    def run(self, cycles, *, until=None, until_streams=False, probe=()):
        """Run up to ``cycles`` cycles with the attached streams.

        Parameters
        ----------
        until : (port, value): stop before the edge at which the port has the value.
        until_streams : stop when every attached buffer is exhausted or full.
        probe : names of ports of up to 32 bits to sample before every edge.

        Returns
        -------
        (cycles run, samples), where samples is an array (cycles run, len(probe)) of uint32.
        """
        for name in probe:
            if self._width[name] > 32:
                raise EngineError(f"Port {name!r} is {self._width[name]} bits wide; a probe "
                                  f"takes ports of up to 32 bits")
        ports = np.array([self._port(name) for name in probe], np.uint32)
        samples = np.zeros((cycles if probe else 0, len(probe)), np.uint32)
        stop = _Stop(self._port(until[0]) if until else -1, until[1] if until else 0,
                     int(until_streams))
        done = self._library.flexdrive_run(
            self._handle, ctypes.c_uint64(cycles), self.records, ctypes.byref(stop),
            ctypes.byref(_Probe(ports.ctypes.data, len(probe), samples.ctypes.data)))
        return done, samples[:done]

    @contextmanager
    def write_vcd(self, path):
        """Record all signals into ``path``; the model must have been built with ``debug``."""
        status = self._library.flexdrive_vcd(self._handle, str(path).encode())
        if status == 0:
            raise EngineError("Waveforms need a model built with debug=True")
        if status < 0:
            raise EngineError(f"Cannot write waveforms to {path}")
        try:
            yield
        finally:
            written = self._library.flexdrive_vcd_close(self._handle)
        if not written:
            raise EngineError(f"Cannot write all waveforms to {path}: is the disk full?")
