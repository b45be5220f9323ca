"""The pipeline of one core, cycle by cycle, around a hart of the instruction-set simulator."""

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.isa import CSRS

from ..iss.memory import BusError
from .fetch import Fetch
from .issue import Stage, collect, issued

__all__ = ["CoreCycles"]

_LOOPS = tuple(tuple(CSRS[f"lp{level}_{name}"].number for name in ("start", "end", "count"))
               for level in (0, 1))
_LEGACY, _PACKED = (CSRS[name].number for name in ("sb_legacy", "rq_packed"))
_CYCLES = frozenset(CSRS[name].number for name in ("mcycle", "cycle"))
_DIVISION, _PLACES = 33, 3


class CoreCycles:
    """Timing of :class:`flexdrive.flexv.core.Core`, without interrupts and traps.

    Each cycle: ``ask``, then ``step``.

    Parameters
    ----------
    hart : :class:`flexdrive_sim.flexv.iss.Hart` at its first instruction.
    config : :class:`flexdrive.flexv.core.CoreConfig`
    decoder : :class:`.decoded.Decoder` of all cores. code : by sb_legacy, {pc: (word, Timing)} of
        all cores.

    Attributes
    ----------
    request : (address of a word, whether it is a store) that is asked for in this cycle, or None.
    store : value that it stores (whole words).
    leaves : an instruction left execute in the last ``step``.
    """

    def __init__(self, hart, config, decoder, code):
        self.hart, self._decoder, self._code = hart, decoder, code
        self._window = config.waiting_loads or None
        self._legacy = bool(hart.csrs.values.get(_LEGACY, 0))
        self._has_loops = "xpulp_loop" in config.extensions
        self.fetch = Fetch(config.fetch_words, hart.pc)
        self._s = self._d = self._e = self._w = self._r = None
        self._w_memory = self._w_operand = False
        self._jumped, self._redirect = False, None
        self._pending = self._sent = 0
        self._early = self._held = False
        self._queue, self._queue_granted = [], 0
        self._summed = self._shifted = self._completing = self._completed = self._counts = False
        self.request, self.leaves = None, False
        # Cycles in which nothing has changed; after the second one nothing does without an answer.
        self._still = 0

    # The port of data.

    def ask(self, answered):
        """``answered``: the oldest access has its answer in this cycle."""
        if self._still > 1 and not answered:
            return
        self._still = min(self._still, 1)
        beside = answered and self._queue_granted > 0
        self._ended, arriving = beside, answered and not beside
        self._arriving, pending = arriving, self._pending
        self._free = arriving if pending & 1 else not pending & 2
        self._w_ends = self._w is not None and (
            not self._w_memory or (arriving and bool(pending & 1)))
        self.request, self._port, self._pushes = None, False, False
        e, asks = self._e, len(self._queue) != self._queue_granted
        self._able = e is not None and not e.blocked and self._redirect is None
        self._dot_wait = self._able and (self._waits_for_operand(e.info)
                                         or (e.info.completes and self._waits_for_word()))
        if self._able and e.info.accesses and e.address is None:
            self._place(e)
        if self._able and e.beside:
            self._pushes = (self._free and not self._dot_wait and len(self._queue) < _PLACES)
        if asks:
            self.request = (self._queue[self._queue_granted][0], False)
        elif self._pushes:
            self.request = (e.address, False)
        elif self._able and e.info.accesses and not e.beside and not self._dot_wait:
            total = 2 if e.crossing else 1
            if self._sent != total and (self._held or not e.info.store or self._free):
                self._port = True
                self.request = (e.place(self._sent == 1), e.info.store)

    def _place(self, e):
        info = e.info
        e.address = address = info.address(self.hart)
        e.crossing = address % 4 + info.size > 4
        if self._window is not None and info.macload and not address & 3:
            base, size = self._window
            e.beside = base <= address < base + size

    def _waits_for_operand(self, info):
        if not info.macload and info.csr is None:
            return False
        w = self._w
        if w is not None and self._w_operand:
            number = w.info.number
            same = info.wants(w.info.to_w, number)
            if info.csr is not None or (info.multiplies and same):
                return True
        if not self._queue:
            return False
        if info.csr is not None:
            return True
        return info.multiplies and any(
            info.wants(to_w, number) for _, to_w, number in self._queue)

    def _waits_for_word(self):
        """The word that is to be stored, or its address."""
        return self._completing or self._completed or any(
            each is not None and (each.info.completes or each.info.places)
            for each in (self._w, self._r))

    @property
    def store_value(self):
        """What the store that asks stores, of a whole word."""
        info = self._e.info
        return self.hart.csrs.values[_PACKED] if info.completes else self.hart.x[info.c]

    def receive(self, value):
        """The word of a register, for the load that is answered."""
        info = self._w.info
        if not info.store and info.target:
            self.hart.x[info.target] = value

    # Everything else.

    def step(self, granted, answered, grants, cycle):
        """One cycle.

        Parameters
        ----------
        granted : ``request`` is. answered, grants : of the port of instructions.

        Returns
        -------
        address of a word whose fetch is granted, or None.
        """
        if self._still > 1 and not answered:
            return None
        e, w, r, redirect = self._e, self._w, self._r, self._redirect
        if self._able and e.begun is None and e.info.unit == "divide":
            e.begun = cycle
        goes = self._able and self._free and self._complete(e, granted, cycle)
        d, holds = self._d, False
        if d is not None and d.info.replicates:
            number = d.info.b
            at_w = w is not None and number and number in (w.info.late, w.info.early)
            holds = r is not None and r.info.late == number != 0 and not at_w
        takes = e is None or goes
        jump = None
        if d is not None and d.info.jumps is not None and not self._jumped:
            jump = (d.pc + d.info.jumps) & 0xFFFFFFFF
        moves = d is None or (takes and not holds)
        self._jumped = ((jump is not None or self._jumped) and not moves and redirect is None)
        loop = self._loop_back()
        leaving = None
        if goes:
            leaving = self._execute(e, cycle, loop)
        self._memory(e, goes, granted)
        fetched = self._front(answered, grants, redirect, jump, loop, moves)
        # Decode to execute.
        if redirect is not None:
            self._e = None
        elif takes:
            self._e = None if d is None or holds else issued(d, e, w, self._w_ends)
        elif e.waits is not None:
            collect(e, w, self._w_ends)
        # Write-back and retire.
        summed = r is not None and r.info.requant
        self._shifted, self._summed = self._summed, summed
        self._completed, self._completing = self._completing, summed and r.info.completes
        self._r = w if self._w_ends else None
        if goes:
            self._w = e
            self._w_memory = e.info.accesses and not e.beside
            self._w_operand = self._w_memory and e.info.macload
        elif self._w_ends:
            self._w = None
        self._redirect, self.leaves, self._counts = leaving, goes, goes
        stays = (not takes and redirect is None and jump is None and self._s is not None
                 and self.request is None and fetched is None and not answered
                 and self.fetch.rests and not (self._queue or self._w_ends or self._arriving
                                               or summed or self._shifted)
                 and e.info.unit != "divide")
        self._still = self._still + 1 if stays else 0
        return fetched

    def _complete(self, e, granted, cycle):
        info = e.info
        if self._dot_wait:
            return False
        if info.csr is not None:
            if info.packs and (self._summed or self._shifted or any(
                    each is not None and (each.info.requant or each.info.places)
                    for each in (self._r, self._w))):
                return False
            return not (info.counts and self._counts)
        if info.unit == "divide":
            return cycle >= e.begun + _DIVISION
        if not info.accesses:
            return True
        if e.beside:
            return self._pushes
        given = self._port and granted
        if e.crossing:
            return self._sent == 2 or (self._sent == 1 and given)
        return self._sent == 1 or given

    def _execute(self, e, cycle, loop):
        """On the hart; returns where to go on in the next cycle but one, or None."""
        hart, info = self.hart, e.info
        if hart.pc != e.pc:
            raise FlexdriveError(f"The cycle model executes {e.pc:#x} in cycle {cycle:,}, the "
                                 f"program is at {hart.pc:#x}")
        hart.csrs.observed = cycle & 0xFFFFFFFF if info.csr in _CYCLES else None
        ahead = info.loops and (e.loop is not None or loop is not None or any(
            stage is not None and stage.loop is not None for stage in (self._s, self._d)))
        record = hart.step()
        if record.trap is not None:
            raise FlexdriveError(f"Traps have no cycle model: cause {record.trap} at {e.pc:#x}")
        if info.csr == _LEGACY:
            self._legacy = bool(hart.csrs.values[_LEGACY])
        if (info.anew or ahead or (info.unit == "branch" and hart.transferred)
                or (info.unit == "jump" and info.jumps is None)):
            return hart.pc
        return None

    def _memory(self, e, goes, granted):
        given = self.request is not None and granted
        if self._pushes:
            self._queue.append((e.address, e.info.to_w, e.info.number))
        if not self._port:
            self._queue_granted += given
        if self._ended:
            self._queue.pop(0)
            self._queue_granted -= 1
        arriving = self._arriving
        in_execute = arriving and self._pending == 0
        if goes and e.info.accesses and not e.beside:
            self._pending = (2 if e.crossing else 1) - (self._early or in_execute)
            self._sent, self._early, self._held = 0, False, False
            return
        if arriving and self._pending:
            self._pending -= 1
        if in_execute:
            self._early = True
        if self._port:
            self._sent += granted
            self._held = not granted

    def _loop_back(self):
        """(target, number) of the loop that jumps back behind what fetch delivers, or None."""
        if not self._has_loops:
            return None
        values, pc = self.hart.csrs.values, self.fetch.pc
        for number, (start, end, count) in enumerate(_LOOPS):
            if pc == values[end]:
                under_way = sum(stage is not None and stage.loop == number
                                for stage in (self._s, self._d, self._e))
                left = values[count]
                if left > 7 or left > under_way + 1:
                    return values[start], number
        return None

    def _front(self, answered, grants, redirect, jump, loop, moves):
        """Fetch, the instruction that waits, decode."""
        fetch, s = self.fetch, self._s
        pc = fetch.pc
        word, info = self._at(pc)
        target = None if loop is None else loop[0]
        request = fetch.step(answered, grants, s is None, info.length, redirect, jump, target)
        there = s
        if s is None and fetch.valid:
            there = Stage(pc, word, info, None if loop is None else loop[1])
        d = self._d
        if redirect is not None:
            self._d = self._s = None
            return request
        if moves:
            self._d, self._s = (None if jump is not None else there), None
        else:
            if jump is not None:
                d.loop = None
            self._s = None if jump is not None else there
        return request

    def _at(self, pc):
        found = self._code[self._legacy].get(pc)
        if found is None:
            try:
                word = self.hart.memory.fetch(pc)
            except BusError:      # ahead of a jump; what executes has its instruction
                word = 0
            found = self._code[self._legacy][pc] = word, self._decoder(word, self._legacy)
        return found
