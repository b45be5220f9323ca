"""The core with its inputs driven cycle by cycle: lines of interrupts and its number."""

from flexdrive_sim.engine import Model
from flexdrive_sim.flexv.drive.snippet import DATA, POINTER, code, load_constant

__all__ = ["drive"]

_START = 0x200


def drive(core, body, lines=lambda cycle, held: 0, *, data=(), hart_id=0, cycles=4000):
    """Run ``body``, which lies from 0x208 on and finds DATA in x2, until it jumps to itself behind
    its end; memory answers in the next cycle.

    ``lines`` : interrupt lines in a cycle, from the cycle and the words of the data that are held.
    ``data`` : initial words of the data.

    Returns
    -------
    {word of the data: value}, of ``data`` and of all words stored.
    """
    text = load_constant(POINTER, DATA) + body + code("jal")
    words = {_START + at: int.from_bytes(text[at:at + 4], "little")
             for at in range(0, len(text), 4)}
    end = _START + len(text) - 4
    model, held = Model(core), dict(enumerate(data))
    for name, value in (("boot_address", _START), ("hart_id", hart_id), ("ibus_gnt", 1),
                        ("dbus_gnt", 1)):
        model.set(name, value)
    fetched, accessed, visits = None, None, 0
    for cycle in range(cycles):
        model.set("interrupts", lines(cycle, held))
        model.set("ibus_rvalid", fetched is not None)
        model.set("ibus_rdata", words.get(fetched, 0))
        model.set("dbus_rvalid", accessed is not None)
        model.set("dbus_rdata", held.get(accessed, 0))
        model.settle()
        fetched = model.get("ibus_addr") if model.get("ibus_req") else None
        accessed = (model.get("dbus_addr") - DATA) // 4 if model.get("dbus_req") else None
        if accessed is not None and model.get("dbus_we"):
            mask = sum(0xFF << 8 * i for i in range(4) if model.get("dbus_be") >> i & 1)
            held[accessed] = held.get(accessed, 0) & ~mask | model.get("dbus_wdata") & mask
        visits += fetched == end
        if visits > 8:
            return held
        model.edge()
    raise AssertionError(f"not at its end after {cycles} cycles: {held}")
