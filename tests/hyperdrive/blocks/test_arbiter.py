"""The arbiter against the order that it promises: operands, then writes, then bypass reads."""

import numpy as np
import pytest

from flexdrive.emit import emit_rtlil
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.memory.arbiter import Arbiter
from flexdrive_deploy.hdl.combinational import combinational_paths

from .bench import drive, output_names


def _granted(banks, request):
    """Which of (write, bypass) go in one cycle; ``request``: None or an address each of (read,
    write, bypass) and of the host's read and write, which are alone."""
    read, write, bypass = request[:3]
    taken = {read % banks} if read is not None else set()
    write_goes = write is not None and write % banks not in taken
    if write_goes:
        taken.add(write % banks)
    waits = write is not None and not write_goes
    bypass_goes = bypass is not None and not waits and bypass % banks not in taken
    return write_goes, bypass_goes


@pytest.mark.parametrize(("words", "banks", "beat"), [
    (64, 4, 1), (24, 2, 1), (16, 1, 1), (256, 8, 1), (24, 2, 2), (64, 8, 2), (256, 8, 8)])
def test_every_output_in_every_cycle(words, banks, beat):
    config = ChipConfig(rows=1, columns=1, channels=1, fm_words=words, fm_banks=banks,
                        weight_words=2, stream_words=beat)
    random = np.random.default_rng(banks)
    arbiter = Arbiter(config)
    checked = set()

    def check(seen, name, value):
        assert seen[name] == value, name
        checked.add(name)

    def stimulus():
        before = [(None,) * 5] * 2      # requests of the last two cycles
        counts = [1] * 2                # words of their beats
        for cycle in range(500):
            request = tuple(int(random.integers(words)) if random.random() < share else None
                            for share in (0.5, 0.7, 0.7))
            host = (None, None)
            if random.random() < 0.3:
                request, host = (None,) * 3, (int(random.integers(words)), None)
                host = host[::random.choice((1, -1))]
            count = int(random.integers(1, beat + 1))
            if any(at is not None and at + count > words for at in host):
                count = 1
            # Addresses that nobody asks for are any.
            seen = yield {name: value for kind, address in zip(
                ("read", "write", "bypass"), request, strict=True) for name, value in (
                    (kind, address is not None),
                    (f"{kind}_address", int(random.integers(words)) if address is None
                     else address))} | {
                "host_read": host[0] is not None, "host_write": host[1] is not None,
                "host_address": next((at for at in host if at is not None),
                                     int(random.integers(words)))} | (
                {"host_count": count} if beat > 1 else {})
            request += host
            for name, goes in zip(("write", "bypass"), _granted(banks, request), strict=True):
                check(seen, f"{name}_granted", goes)
            if cycle >= 1:
                accesses = {}
                (read, write, bypass, *host), goes = before[-1], _granted(banks, before[-1])
                beats = [(start + at, True, kind) for start, kind in zip(
                    host, ((1, 0), (0, 1)), strict=True) if start is not None
                    for at in range(counts[-1])]
                for address, made, kind in ((read, read is not None, (1, 0)), *beats,
                                            (write, goes[0], (0, 1)), (bypass, goes[1], (1, 0))):
                    if made:
                        assert address % banks not in accesses, "two accesses of one bank"
                        accesses[address % banks] = (address // banks, *kind)
                for bank in range(banks):
                    port = seen["banks"][bank]
                    made = accesses.get(bank, (int(port.address), 0, 0))
                    assert (int(port.address), int(port.read), int(port.write)) == made
                checked.add("banks")
            if cycle >= 2:
                read, _, bypass, host_read, _ = before[-2]
                if beat > 1:
                    check(seen, "host_banks", 0 if host_read is None else sum(
                        1 << (host_read + at) % banks for at in range(counts[-2])))
                read = host_read if read is None else read
                check(seen, "bypass_valid", _granted(banks, before[-2])[1])
                for name, address, made in (
                        ("read_bank", read, read is not None),
                        ("bypass_bank", bypass, _granted(banks, before[-2])[1])):
                    if made:
                        check(seen, name, address % banks)
            before, counts = [before[-1], request], [counts[-1], count]

    drive(arbiter, stimulus())
    assert checked == output_names(arbiter)


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize(("words", "banks", "lanes"), [(24, 2, 2), (64, 8, 4), (256, 8, 8)])
def test_operands_of_several_words(words, banks, lanes, overlap):
    """A word from each of the banks from the first on, and nobody else there."""
    config = ChipConfig(rows=1, columns=1, channels=lanes, fm_words=words, fm_banks=banks,
                        weight_words=16, channelwise=True, channelwise_lanes=lanes,
                        overlap=overlap)
    random = np.random.default_rng([banks, lanes])
    seen_waits = set()

    def stimulus():
        before = None
        for _ in range(600):
            count = int(random.integers(1, lanes + 1))
            read, write, bypass = (
                int(random.integers(words - count + 1)) if random.random() < share else None
                for share in (0.7, 0.6, 0.5))
            host = int(random.integers(words)) if overlap and random.random() < 0.5 else None
            given = {name: value for kind, address in (
                ("read", read), ("write", write), ("bypass", bypass)) for name, value in (
                (kind, address is not None), (f"{kind}_address", address or 0))}
            given |= {"read_words": count, "host_write": host is not None,
                      "host_address": host or 0}
            if overlap:
                given |= {"host_count": 1, "host_pending": 1}
            seen = yield given
            accesses = {} if read is None else {
                at % banks: (at // banks, 1, 0) for at in range(read, read + count)}
            assert len(accesses) == (0 if read is None else count)
            goes = write is not None and write % banks not in accesses
            assert seen["write_granted"] == goes
            if goes:
                accesses[write % banks] = write // banks, 0, 1
            read_too = (bypass is not None and bypass % banks not in accesses
                        and (goes or write is None))
            assert seen["bypass_granted"] == read_too
            if read_too:
                accesses[bypass % banks] = bypass // banks, 1, 0
            if host is not None:
                assert seen["host_granted"] == (host % banks not in accesses)
                if host % banks in accesses:
                    seen_waits.add("host")
                accesses.setdefault(host % banks, (host // banks, 0, 1))
            seen_waits.update({"write"} if write is not None and not goes else ())
            if before is not None:
                for bank in range(banks):
                    port = seen["banks"][bank]
                    line, *kind = before.get(bank, (int(port.address), 0, 0))
                    assert (int(port.address), int(port.read), int(port.write)) == (line, *kind)
            before = accesses

    drive(Arbiter(config), stimulus())
    assert seen_waits == {"write", "host"} if overlap else {"write"}


def test_no_grant_depends_on_the_host():
    """Whether the host is ready, and where a transfer is, must not be in the path of the tail."""
    config = ChipConfig(rows=1, columns=1, channels=1, fm_words=64, fm_banks=4, weight_words=2)
    paths = combinational_paths(emit_rtlil(Arbiter(config)))
    assert paths == {
        name: {"write_granted", "bypass_granted"} for name in (
            "read", "read_address", "write", "write_address")} | {
        name: {"bypass_granted"} for name in ("bypass", "bypass_address")}


@pytest.mark.parametrize(("words", "banks", "beat"), [
    (64, 4, 1), (64, 8, 4), (64, 8, 8), (16, 1, 1)])
def test_what_a_convolution_leaves_is_the_hosts(words, banks, beat):
    """Every bank has what the others leave to the host, and nobody waits for the host."""
    config = ChipConfig(rows=1, columns=1, channels=1, fm_words=words, fm_banks=banks,
                        weight_words=2, stream_words=beat, overlap=True)
    random = np.random.default_rng([banks, beat])
    partly = 0

    def wanted(host):
        """Banks of the words of a beat that wait, with their lines."""
        address, count, pending = host
        return {at % banks: at // banks for at in range(address, address + count)
                if pending >> at % beat & 1}

    def stimulus():
        nonlocal partly
        before = []
        for _ in range(600):
            request = tuple(int(random.integers(words)) if random.random() < share else None
                            for share in (0.6, 0.5, 0.4))
            kind = int(random.integers(3))          # none, read, write
            count = int(random.integers(1, beat + 1))
            host = (int(random.integers(words - count + 1)), count, int(random.integers(1 << beat)))
            seen = yield {name: value for what, address in zip(
                ("read", "write", "bypass"), request, strict=True) for name, value in (
                    (what, address is not None), (f"{what}_address", address or 0))} | {
                "host_read": kind == 1, "host_write": kind == 2, "host_address": host[0],
                "host_count": count, "host_pending": host[2]}
            goes = _granted(banks, request)
            assert (seen["write_granted"], seen["bypass_granted"]) == goes
            taken = {address % banks: (address // banks, *what) for address, made, what in (
                (request[0], request[0] is not None, (1, 0)), (request[1], goes[0], (0, 1)),
                (request[2], goes[1], (1, 0))) if made}
            got = {bank: line for bank, line in wanted(host).items() if bank not in taken}
            assert seen["host_granted"] == sum(1 << bank % beat for bank in got)
            assert seen["host_complete"] == (len(got) == len(wanted(host)))
            partly += bool(kind and 0 < len(got) < len(wanted(host)))
            before.append((taken, got, kind))
            if len(before) > 1:
                taken, got, kind = before[-2]
                if kind:
                    taken = taken | {bank: (line, kind == 1, kind == 2)
                                     for bank, line in got.items()}
                for bank in range(banks):
                    port = seen["banks"][bank]
                    made = taken.get(bank, (int(port.address), 0, 0))
                    assert (int(port.address), int(port.read), int(port.write)) == made
                assert seen["host_loads"] == (sum(1 << bank for bank in got) if kind == 2 else 0)
            if len(before) > 2:
                _, got, kind = before[-3]
                assert seen["host_banks"] == (sum(1 << bank for bank in got) if kind == 1 else 0)

    drive(Arbiter(config), stimulus())
    assert partly > 30 or beat == 1
