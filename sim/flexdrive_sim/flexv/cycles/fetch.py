"""Fetch and the stage in front of decode, cycle by cycle."""

__all__ = ["Fetch"]


class Fetch:
    """See :class:`flexdrive.flexv.core.fetch.Fetch`; words without their content.

    Attributes
    ----------
    pc : of the instruction that is delivered next. valid : it is delivered in this cycle.
    rests : nothing has changed in the last one.
    """

    def __init__(self, words, boot):
        self._words, self._boot = words, boot
        self.pc, self._started = boot, False
        self._filled = self._flying = self._void = 0
        self._held = self._stale = self._advances = False
        self._last = self._stale_address = 0
        self.valid = self.rests = False

    def step(self, answered, grants, ready, length, redirect, jump, loop):
        """One cycle.

        Parameters
        ----------
        answered : a word comes. grants : a request would be granted. ready : an instruction is
            taken if it is there. length : of the instruction at ``pc``.
        redirect, jump, loop : address of where to go on, or None; ``loop`` behind the instruction
            at ``pc``.

        Returns
        -------
        word address of a request that is granted, or None. ``valid`` says whether an instruction
        was delivered.
        """
        started, filled, flying, void = self._started, self._filled, self._flying, self._void
        if (started and not answered and not ready and redirect is None and jump is None
                and not self._held and not self._advances
                and filled + flying - void >= self._words):
            self.valid = filled > 1 or (filled == 1 and not (self.pc & 2 and length == 4))
            self.rests = True
            return None
        self.rests = False
        received = answered and void == 0
        high = self.pc & 2
        there = filled + received
        self.valid = valid = started and there >= (2 if high and length == 4 else 1)
        taken = valid and ready
        elsewhere = jump if jump is not None else loop
        leaves = jump is not None or not started or (taken and loop is not None)
        if not started:
            elsewhere = self._boot
        jumps = redirect is not None or leaves
        next_address = self._last + self._advances
        held, stale, limit = self._held, self._stale, self._words
        request = started and (held or (flying < limit and (
            jumps or filled + flying - void < limit)))
        if held:
            address = self._stale_address if stale else next_address
        elif redirect is not None:
            address = redirect >> 2
        else:
            address = elsewhere >> 2 if leaves else next_address
        granted = request and grants
        abandoned = held and (stale or jumps)
        if not stale:
            self._stale_address = next_address
        self._held, self._stale = request and not granted, abandoned and not granted
        self._flying = flying + granted - answered
        if jumps:
            self._void = flying - answered + (granted and held)
            self._filled = 0
        else:
            self._void = void - (answered and void != 0) + (granted and abandoned)
            self._filled = filled + received - (taken and (high != 0 or length == 4))
        self._last = (redirect >> 2 if redirect is not None else
                      elsewhere >> 2 if leaves else next_address)
        self._advances = granted and not (held if jumps else abandoned)
        if redirect is not None:
            self.pc = redirect
        elif leaves:
            self.pc = elsewhere
        elif taken:
            self.pc += length
        self._started = True
        return address if granted else None
