"""The cluster's RTL on the compiled engine, with the outside around it."""

import ctypes
from importlib.resources import files

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster import Cluster, ClusterConfig
from flexdrive_sim.engine import Model, compile_model

from .devices import CONSOLE
from .rtl_core import RECORD

__all__ = ["WAITS", "ClusterBench", "build_cluster"]

# What a core waits for, by bit of its ``waits``.
WAITS = ("bank", "outside", "event", "fetch")


class _Region(ctypes.Structure):
    _fields_ = [("base", ctypes.c_uint32), ("size", ctypes.c_uint32), ("data", ctypes.c_void_p)]


class _Setup(ctypes.Structure):
    _fields_ = [("regions", ctypes.c_void_p), *((name, ctypes.c_uint32) for name in (
        "count", "tohost", "console", "latency", "stall_seed", "boot")),
        ("activity", ctypes.c_void_p), ("activity_cycles", ctypes.c_uint64),
        ("records", ctypes.c_void_p), ("cores", ctypes.c_void_p), ("capacity", ctypes.c_uint64)]


def _accessors(config):
    """What the bench reads of core ``i``."""
    def function(head, case, otherwise):
        cases = "".join(f"\tcase {i}:\n\t\t{case.format(i)}\n" for i in range(config.cores))
        return (f"static {head} {{\n\t(void)top;\n\tswitch (core) {{\n{cases}\t}}\n"
                f"\treturn {otherwise};\n}}\n")

    retires = ("if (!top.p_rvfi__{0}__valid.get<bool>()) break;\n"
               "\t\tRVFI_RECORD(r, top.p_rvfi__{0}__);\n\t\treturn true;")
    return (f"constexpr int CORES = {config.cores};\n"
            + function("uint32_t core_waits(design &top, int core)",
                       "return top.p_waits__{0}.get<uint32_t>();", 0)
            + function("bool core_retires(design &top, int core, rvfi::record &r)",
                       retires if config.core.rvfi else "(void)r; break;", "false"))


def build_cluster(config=None, *, notify=None):
    """Compile the cluster with its test bench; the result makes :class:`ClusterBench`."""
    config = config or ClusterConfig()
    record, bench = ((files(__package__) / name).read_text()
                     for name in ("rvfi_record.h", "cluster_run.cc"))
    return compile_model(Cluster(config), extra=record + _accessors(config) + bench,
                         notify=notify)


class ClusterBench:
    """One cluster running from reset.

    Parameters
    ----------
    built : from :func:`build_cluster`. cores : of it.
    regions : memory outside, changed in place; their sizes are multiples of 8.
    boot : address of the first instruction.
    tohost : address whose change to nonzero ends a run, or None.
    latency : cycles from grant to answer outside, at least 1.
    random_stalls : seed of random grants and latencies outside, or 0.
    activity : cycles whose activity is recorded.
    log : room for records of instructions, of a cluster with the port of the RISC-V Formal
        Interface (``config.core.rvfi``).

    Members
    -------
    activity : array (cycle, core) of bits of :data:`WAITS`.
    """

    REASONS = ("cycles", "tohost", "fault", "idle", "room")
    RULES = ("a request stays as it is until it is granted", "addresses are multiples of 8")

    def __init__(self, built, cores, regions, boot, *, tohost=None, latency=6, random_stalls=0,
                 activity=0, log=0):
        self._model, self.regions, self.cores = Model(built), regions, cores
        self._library = library = self._model._library
        library.cluster_create.restype = ctypes.c_void_p
        for name in ("cycles", "accesses", "recorded"):
            getattr(library, f"cluster_{name}").restype = ctypes.c_uint64
        for name in ("exit_value", "asleep", "broken"):
            getattr(library, f"cluster_{name}").restype = ctypes.c_uint32
        library.cluster_counts.restype = ctypes.POINTER(ctypes.c_uint64)
        self._table = (_Region * len(regions))(*(
            _Region(r.base, len(r.data), r.data.ctypes.data) for r in regions))
        self.activity = np.zeros((activity, cores), np.uint8)
        self._records, self._cores = np.zeros(log, RECORD), np.zeros(log, np.uint8)
        setup = _Setup(ctypes.addressof(self._table), len(regions),
                       1 if tohost is None else tohost, CONSOLE, latency, random_stalls, boot,
                       self.activity.ctypes.data, activity, self._records.ctypes.data,
                       self._cores.ctypes.data, log)
        self._bench = ctypes.c_void_p(
            library.cluster_create(self._model._handle, ctypes.byref(setup)))

    def __del__(self):
        if getattr(self, "_bench", None) is not None:
            self._library.cluster_destroy(self._bench)
            self._bench = None

    @property
    def cycles(self):
        return self._library.cluster_cycles(self._bench)

    @property
    def accesses(self):
        """Accesses outside so far."""
        return self._library.cluster_accesses(self._bench)

    @property
    def exit_value(self):
        return self._library.cluster_exit_value(self._bench)

    @property
    def asleep(self):
        """Mask of the cores that wait for an event, a barrier, a mutex or an interrupt."""
        return self._library.cluster_asleep(self._bench)

    @property
    def console(self):
        """Bytes printed so far."""
        size = self._library.cluster_printed(self._bench, None, 0)
        buffer = ctypes.create_string_buffer(max(1, size))
        self._library.cluster_printed(self._bench, buffer, size)
        return buffer.raw[:size]

    def counts(self):
        """Cycles of each core (row) in which it waited for each of :data:`WAITS`."""
        pointer = self._library.cluster_counts(self._bench)
        return np.ctypeslib.as_array(pointer, (self.cores, len(WAITS))).copy()

    def retired(self):
        """Instructions since the last call, in order: (core of each, records). A run stops for
        "room" when there may be none for those of another cycle."""
        count = self._library.cluster_recorded(self._bench)
        return self._cores[:count].copy(), self._records[:count].copy()

    def run(self, cycles):
        """Run until a total of ``cycles``; returns the reason to stop."""
        reason = self._library.cluster_run_until(self._bench, ctypes.c_uint64(cycles))
        broken = self._library.cluster_broken(self._bench)
        if broken:
            raise FlexdriveError(f"The cluster has broken rules of its port by cycle "
                                 f"{self.cycles:,}: " + "; ".join(
                                     rule for i, rule in enumerate(self.RULES)
                                     if broken >> i & 1))
        return self.REASONS[reason]

    def load(self, address):
        """The word at ``address`` of L1 or of a shared register, by the host's port."""
        return self._access(address)

    def store(self, address, value):
        """Store a word there."""
        self._access(address, 1, value)

    def _access(self, address, store=0, value=0):
        word = ctypes.c_uint32()
        failed = self._library.cluster_host(self._bench, address, store, value & 0xFFFFFFFF,
                                            ctypes.byref(word))
        if failed:
            raise FlexdriveError(f"The host's access to {address:#010x} "
                                 f"{'failed' if failed == 1 else 'was not answered'}")
        return word.value
