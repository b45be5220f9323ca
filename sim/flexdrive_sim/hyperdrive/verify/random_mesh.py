"""Random meshes: chips, sizes, links and streams of any kind, every word compared."""

from dataclasses import dataclass

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.mesh_chip import MeshOptions

from ..drive.faulty_mesh import FaultyMesh
from ..drive.link import Wire
from ..drive.mesh import Mesh, random_chain
from .interleaved import random_interleaved_mesh
from .mesh_check import check_mesh, random_gates
from .random_chip import random_transfers

__all__ = ["PROGRAMS", "Setup", "check_random_mesh", "random_setup"]

PROGRAMS = 40
"""Programs run on each mesh."""


@dataclass(frozen=True)
class Setup:
    """One mesh: arguments of :class:`~..drive.mesh.Mesh`."""

    config: ChipConfig
    height: int
    width: int
    options: MeshOptions

    def __str__(self):
        c, link = self.config, self.options.link
        joined = "streams" if link is None else (
            f"links of {link.width} bit, window {link.window}, CRC-{link.crc}"
            f"{', retransmission' if link.retransmit else ''}")
        return (f"{self.height} x {self.width} chips of {c.rows} x {c.columns} x {c.channels}, "
                f"L = {c.adder_depth}, halo {c.halo}, {c.fm_banks} banks, "
                f"beats of {c.stream_words}{', overlap' if c.overlap else ''}, {joined}"
                f"{', channelwise' if c.channelwise else ''}{', ternary' if c.ternary else ''}"
                f"{', weights forwarded' if self.options.forward_weights else ''}")


def _random_link(random):
    while True:
        crc = int(random.choice([5, 8, 16, 32]))
        sequence = int(random.integers(1, 7))
        try:
            return LinkConfig(
                width=int(random.integers(1, 65)), reverse_width=int(random.integers(1, 17)),
                crc=crc, sequence=sequence, window=1 << int(random.integers(0, sequence)),
                retransmit=bool(random.integers(2)), keepalive=int(random.integers(64, 300)),
                timeout=1200)
        except FlexdriveError:
            continue        # a combination that the rules refuse


def random_setup(seed):
    """Mesh number ``seed``."""
    random = np.random.default_rng([seed, 4])
    while True:
        height, width = (int(n) for n in random.integers(1, 4, 2))
        if 1 < height * width <= 6:
            break
    halo = int(random.integers(1, 4))
    config = ChipConfig(
        rows=int(random.integers(1, 4)), columns=int(random.integers(1, 4)),
        channels=int(random.integers(1, 6)), adder_depth=int(random.integers(1, 4)), halo=halo,
        fm_words=1024, fm_banks=(banks := int(random.choice([1, 2, 4, 8]))),
        weight_words=int(random.integers(100, 100 + 150 * halo**2)), mesh=True,
        channelwise=bool(random.integers(2)), ternary=bool(random.integers(4) == 0),
        **random_transfers(seed, banks),
        border_words=int(random.integers(64, 200 * halo)),
        corner_words=int(random.integers(24, 40 * halo**2)))
    link = _random_link(random) if random.integers(3) else None
    return Setup(config, height, width,
                 MeshOptions(link=link, forward_weights=bool(random.integers(2))))


def check_random_mesh(seed):
    """Random programs on mesh number ``seed``, to the first that is wrong: numbers of ``programs``,
    of ``words`` compared and of ``cycles``, and what was ``wrong`` or None."""
    setup = random_setup(seed)
    links = setup.options.link is not None
    mesh = (FaultyMesh if links else Mesh)(setup.config, setup.height, setup.width, setup.options)
    programs = words = cycles = 0
    for number in range(PROGRAMS):
        random = np.random.default_rng([seed, number])
        draw = random_interleaved_mesh if (setup.config.overlap and random.integers(2)
                                           ) else random_chain
        stimulus = draw(setup.config, setup.height, setup.width, int(random.integers(1 << 31)))
        gates = random_gates(mesh, number) if random.integers(2) else None
        wires = Wire(latency=int(random.integers(0, 30)),
                     stall=int(random.choice([0, 0, 30, 200])),
                     seed=int(random.integers(1, 1 << 32))) if links else None
        try:
            found = check_mesh(mesh, stimulus, gates, wires)
            wrong = found.wrong
        except FlexdriveError as error:     # a program that does not end
            wrong = [str(error)]
        if wrong:
            return {"programs": programs, "words": words, "cycles": cycles,
                    "wrong": f"mesh {seed} ({setup}), program {number}: {wrong[0]}"}
        programs += 1
        words += found.words
        cycles += found.cycles
    return {"programs": programs, "words": words, "cycles": cycles, "wrong": None}
