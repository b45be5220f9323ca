"""Tail of the chip, cycle by cycle while it has work: shifts, bypass reads, writes, waits."""

__all__ = ["TailModel", "tail_stages"]


def tail_stages(config):
    """Values on their way through a tail: a register, L in each multiplier and adder."""
    return 1 + (3 + config.leaky) * config.adder_depth


class TailModel:
    """Follows the tail controller of one layer.

    Parameters
    ----------
    config, descriptor : the chip and the layer.
    parameters : :class:`Ring` of scale and bias words.
    operand_bank : function of a cycle: bank that the accumulation reads in it, or None.
    """

    def __init__(self, config, descriptor, parameters, operand_bank):
        self._banks = config.fm_banks
        self._out = descriptor.out_base
        self._bypass = descriptor.bypass_base if descriptor.bypass else None
        self._parameters = parameters
        self._operand_bank = operand_bank
        # Addresses of the results on their way, None for nothing; the last is to be written.
        self._pipeline = [None] * tail_stages(config)
        self._time = 0
        self._idle = 0          # first cycle in which all is shifted out and written

    def finish_group(self, group, held):
        """Shift out a whole group, whose accumulators are held from cycle ``held`` on; returns the
        cycle of its last shift."""
        while self._time < held and any(a is not None for a in self._pipeline):
            self._cycle(None)
        self._time = max(self._time, held)
        for value in group.values:
            while not self._cycle(value):
                pass
        last = self._time - 1
        self._idle = last + 1
        self._parameters.released += [last] * group.releases
        return last

    def drain(self):
        """Write what is on its way; returns the first cycle in which nothing is."""
        while any(address is not None for address in self._pipeline):
            self._cycle(None)
        return self._idle

    def _cycle(self, value):
        """One cycle with ``value`` at the front (None: nothing); returns whether it went in."""
        time, banks, pipeline = self._time, self._banks, self._pipeline
        self._time = time + 1
        operand = self._operand_bank(time)
        last = pipeline[-1]
        granted = last is not None and operand != last % banks
        ready, enters = True, None
        if value is not None and value[0]:
            _, offset, parameter = value
            ready = self._parameters.there(parameter) <= time
            if ready and self._bypass is not None:
                bank = (self._bypass + offset) % banks
                ready = bank not in (operand, None if last is None else last % banks)
            enters = self._out + offset
        if ready and (last is None or granted):
            pipeline.pop()
            pipeline.insert(0, enters)
            if last is not None:
                self._idle = time + 1
            return True
        if granted:
            pipeline[-1] = None
            self._idle = time + 1
        return False
