"""Fault campaign on a link: random faults on its wires, none of which may give a wrong word."""

from dataclasses import dataclass

import numpy as np

from flexdrive.hyperdrive.link import LinkConfig, LinkError

from ...chunks import kept_by_worker
from ...engine import Gate
from ..drive.faulty_wire import Fault
from ..drive.link import Wire, link_model, run_link
from .fault_campaign import NO_EFFECT, FaultRun, run_faults

__all__ = ["CONFIGS", "LinkCase", "detection_limit", "link_page", "link_runs", "random_case",
           "run_case", "run_link_faults"]

# All widths; each with the other parameters that suit it. In the last of each list a frame is one
# phit: no phit is inside a frame.
_SINGLE = {"width": 64, "reverse_width": 64, "crc": 32}
CONFIGS = tuple(
    LinkConfig(**{"keepalive": 64, "timeout": 256, "retransmit": retransmit, **values})
    for retransmit, many in ((False, (
        {"width": 1, "payload": 8, "crc": 8}, {"width": 4}, {"width": 8, "crc": 8},
        {"width": 18, "reverse_width": 3, "crc": 32}, _SINGLE)), (True, (
        {"width": 3, "reverse_width": 2, "payload": 5}, {"width": 4, "crc": 8},
        {"width": 16, "reverse_width": 4}, {"width": 64, "reverse_width": 4, "payload": 64,
                                            "crc": 32}, _SINGLE)))
    for values in many)
_WORDS = 60
_STEADY = (Fault.CUT, Fault.STUCK_DATA, Fault.STUCK_VALID, Fault.STUCK_LAST, Fault.FREEZE)
_FOREVER = 0xFFFFFFFF


def detection_limit(config, latency):
    """Cycles from a fault, or with retransmission from the last word that comes through it, to the
    error at both ends, if the link cannot go on: a frame's time or
    ``retries`` replays, each after as much as a window, a keep-alive and a round trip; then
    silence for ``timeout``, first at one end, then, as that one falls silent, at the other."""
    frame = max(config.forward.phits, config.reverse.phits)
    replay = (config.window * config.forward.phits + 3 * config.keepalive
              + config.credit_cycles(latency))
    replays = (config.retries + 1) * replay if config.retransmit else 0
    return replays + 2 * config.timeout + 2 * config.keepalive + 2 * frame + latency + 8


@dataclass(frozen=True)
class LinkCase:
    """One run with one fault: ``side`` is ``"forward"`` or ``"reverse"``."""

    config: LinkConfig
    seed: int
    side: str
    wires: dict
    gates: tuple

    @property
    def fault(self):
        return self.wires[self.side]

    @property
    def steady(self):
        """The fault stays."""
        return self.fault.kind in _STEADY and self.fault.duration == _FOREVER


def _mask(random, config, side):
    """Wires of a flip that the CRC is sure to find: one, two, or any within its width."""
    width = config.width if side == "forward" else config.reverse_width
    pattern = int(random.integers(0, 3))
    if pattern == 0:
        return 1 << int(random.integers(0, width))
    if pattern == 1:
        return 1 << int(random.integers(0, width)) | 1 << int(random.integers(0, width))
    burst = min(width, config.crc)
    return int(random.integers(1, 1 << burst)) << int(random.integers(0, width - burst + 1))


def random_case(config, seed):
    """Case number ``seed`` of ``config``."""
    random = np.random.default_rng([seed, config.width, config.retransmit, config.crc])
    side = str(random.choice(["forward", "forward", "reverse"]))
    kind = Fault(int(random.integers(1, len(Fault))))
    frame = config.forward if side == "forward" else config.reverse
    long = _WORDS * config.forward.phits
    # Also into the time when the words are through and only keep-alive frames travel.
    position = int(random.integers(0, long + (2 * config.timeout if kind in _STEADY
                                              else 6 * frame.phits)))
    # Shorter than the timeout and within what one replay repairs; or for ever.
    duration = int(random.integers(1, 3 * frame.phits + 1)) if random.random() < 0.5 else _FOREVER
    wires = {name: {"latency": int(random.integers(0, 20)),
                    "stall": int(random.choice([0, 0, 64])),
                    "seed": int(random.integers(1, 1 << 32))} for name in ("forward", "reverse")}
    wires[side] |= {"kind": kind, "position": position, "duration": duration,
                    "mask": _mask(random, config, side), "level": int(random.integers(0, 2))}
    gates = tuple(Gate.random(float(random.choice([0.1, 0.5, 1.0])), int(random.integers(1, 99)))
                  for _ in range(2))
    return LinkCase(config, seed, side, {name: Wire(**wire) for name, wire in wires.items()},
                    gates)


def run_case(model, case):
    """Run a case; returns (outcome, :class:`LinkRun`, cycles to detection or None).

    The outcome is ``"survived"``, ``"no effect"`` (nothing on the wires changed), ``"harmless"``
    (all words are right, and only frames without a word were lost: an even number, or before the
    end that they were for had heard anything), the code and
    end of the first error (``"CRC at receiver"``), or, as a failure, one that begins with
    ``"FAILED"``.
    """
    config = case.config
    words = np.random.default_rng(case.seed).integers(0, 1 << config.payload, _WORDS,
                                                      dtype=np.uint64)
    latency = sum(wire.latency for wire in case.wires.values())
    limit = detection_limit(config, latency) + 2 * _slack(case)
    run = run_link(model, config, words, **case.wires, source=case.gates[0], sink=case.gates[1],
                   cycles=20_000, until_failed=case.steady or not config.retransmit)
    failed = {end: code for end, code in run.errors.items() if code != LinkError.NONE}
    if not (run.words == words[:len(run.words)]).all():
        return "FAILED: wrong word", run, None
    if not run.hit and not failed:
        return (NO_EFFECT if run.finished else "FAILED: hang without a fault"), run, None
    if not failed:
        outcome = "survived" if run.finished else "FAILED: hang"
        if not config.retransmit:
            early = ("receiver" if case.side == "forward" else "sender") in run.early
            outcome = ("harmless" if run.finished and (early or _beat_again(case))
                       else "FAILED: unnoticed")
        return outcome, run, None
    if config.retransmit and not case.steady:
        return "FAILED: error for a single fault", run, None
    if len(failed) < 2:
        return "FAILED: one end does not know", run, None
    end = min(failed, key=lambda end: run.failed_at[end])
    # With retransmission words may come through a fault for a while; it is known after the last.
    known = max(run.failed_at.values()) - (run.passed if config.retransmit else 0)
    if known > limit:
        return f"FAILED: known after {known} of {limit}", run, None
    return f"{failed[end].name} at {end}", run, run.failed_at[end]


def _beat_again(case):
    """The fault may have taken two whole frames, or four, with no word in them: their beats make
    up for each other, and what they said the next frame says again."""
    frame = case.config.forward if case.side == "forward" else case.config.reverse
    return case.fault.kind in _STEADY and 2 * frame.phits <= case.fault.duration < _FOREVER


def _slack(case):
    """Cycles that stalled wires add: what may wait in their queue."""
    return 256 if any(wire.stall for wire in case.wires.values()) else 0


_model = kept_by_worker(len(CONFIGS))(link_model)


def link_runs(index, first, count):
    """:class:`~.fault_campaign.FaultRun` of ``count`` seeds on configuration ``index``."""
    found = []
    for seed in range(first, first + count):
        case = random_case(CONFIGS[index], seed)
        outcome, run, latency = run_case(_model(case.config), case)
        last = None if latency is None else max(run.failed_at.values())
        found.append(FaultRun(case.fault.kind.value, outcome, latency, last))
    return found


def run_link_faults(count, **crew):
    """The campaign: ``count`` faults on each of :data:`CONFIGS`; ``crew`` as of
    :func:`~flexdrive_sim.campaign.run_campaign`. Returns a
    :class:`~.fault_campaign.FaultCampaign`."""
    return run_faults(link_runs, [config.retransmit for config in CONFIGS], count,
                      name="faults on links", **crew)


def link_page(campaign, count, seconds):
    """The campaign as Markdown."""
    lines = [
        "# Faults on the link", "",
        f"{campaign.effective} faults that changed something on the wires "
        f"({campaign.runs} runs), {len(campaign.failures)} failures, "
        f"{seconds:.0f} s. Command: `flexdrive verify link-faults --count {count}`. Every run "
        f"sends {_WORDS} random words with random latencies, stalls and one random fault; a "
        "failure is a wrong, lost or doubled word, an end that does not learn of the fault within "
        "the limit, or, with retransmission, an error for a fault that passes.", "",
        "Configurations: " + "; ".join(
            f"width {c.width} (back {c.reverse_width}), payload {c.payload}, CRC-{c.crc}"
            f"{', retransmission' if c.retransmit else ''}" for c in CONFIGS)
        + f". Keep-alive {CONFIGS[0].keepalive}, timeout {CONFIGS[0].timeout} cycles."]
    for retransmit in (False, True):
        lines += ["", f"## {'With' if retransmit else 'Without'} retransmission", "",
                  "| fault | runs with effect | outcome | first error after at most | both ends "
                  "after at most |", "|---|---|---|---|---|"]
        lines += [f"| {row.kind.name} | {row.runs} | "
                  + ", ".join(f"{outcome} {runs}" for outcome, runs in row.outcomes.most_common())
                  + f" | {row.first or '-'} | {row.last or '-'} |"
                  for row in campaign.rows() if row.retransmit == retransmit]
    return "\n".join([*lines, "", "Cycles count from the cycle in which the fault changed "
                      "something.", ""])
