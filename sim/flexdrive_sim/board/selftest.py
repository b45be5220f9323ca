"""Self-test of a board: identity, line, memories, arithmetic; layers, programs or operations."""

import numpy as np

from flexdrive.boards.frame import Space
from flexdrive.boards.registers import Design
from flexdrive_deploy.board.boards import known_soc
from flexdrive_deploy.board.errors import BoardError
from flexdrive_deploy.board.jobs import Writing

from ..hyperdrive.drive.board import BoardMachine
from ..hyperdrive.drive.soc import SocMachine
from ..hyperdrive.drive.stimuli import Stimulus
from ..hyperdrive.golden.chip import GoldenChip
from ..hyperdrive.verify.compare import first_difference
from ..hyperdrive.verify.random_layer import random_layer_stimulus
from .core_selftest import core_program, differing_words
from .dotp_selftest import random_operation

__all__ = ["SelftestError", "selftest"]

_OPERATIONS = 16        # of the dot-product unit for each that a chip has of layers
_STORES = (Space.PROGRAM, Space.WEIGHTS, Space.PIXELS)


class SelftestError(BoardError):
    """A test of a board failed; says which and where."""


def selftest(board, config, *, line=64, layers=8, seed=1):
    """Test a board step by step.

    Parameters
    ----------
    board : what :func:`flexdrive_deploy.board.attach.attach` gives.
    config : ChipConfig of its chip, None for other designs.
    line : round trips over the line. layers : random layers, or programs of a core, or sixteenths
        of operations of a dot-product unit.
    seed : of everything that is drawn.

    Yields
    ------
    a line of text for each step that passed.

    Raises
    ------
    BoardError
        of the first that did not.
    """
    if config is not None:
        board.identity.check(config)
    yield (f"identity: {board.identity.about}, configuration {board.identity.configuration}, build "
           f"{board.identity.build}, {board.identity['CLOCK'] / 1e6:g} MHz")
    yield _line(board, line, seed)
    steps = {Design.HYPERDRIVE: _chip, Design.FLEXV: _core, Design.DOTP: _dotp, Design.SOC: _soc}
    yield from steps[board.identity.design](board, config, layers, seed)


def _chip(board, config, layers, seed):
    for space in _STORES:
        yield _store(board, space, board.identity[f"{space.name}_DEPTH"], seed)
    machine = BoardMachine(board, config)
    for pattern in (0x5555, 0xAAAA, None):
        words = _feature_maps(machine, pattern)
    yield f"feature maps: {words:,} words, three patterns"
    for at in range(layers):
        _layer(machine, seed + at)
    yield f"{layers} programs of random layers, every word equal to the golden model"


def _core(board, config, programs, seed):
    yield _store(board, Space.PROGRAM, board.identity["MEMORY_WORDS"], seed)
    for at in range(programs):
        program = core_program(board.identity["MEMORY_BASE"], seed + at)
        board.load(program)
        run = board.run()
        if not run.passed:
            raise SelftestError(f"random program {seed + at}: {run.verdict}")
        wrong = differing_words(program, board.read, run.console)
        if wrong:
            raise SelftestError(f"random program {seed + at}: {wrong}")
    yield (f"{programs} random programs, every word and character equal to the "
           "instruction-set simulator")


def _soc(board, config, layers, seed):
    yield from _core(board, config, layers, seed)
    machine = SocMachine(board, known_soc(board.identity))
    for at in range(layers):
        _layer(machine, seed + at)
    run = machine.stop()
    if not run.passed:
        raise SelftestError(f"the firmware of the layers: {run.verdict}")
    yield (f"{layers} programs of random layers, sent by the core, every word equal to the golden "
           "model")


def _dotp(board, config, sixteenths, seed):
    random = np.random.default_rng(seed)
    for at in range(_OPERATIONS * sixteenths):
        operands, operation, expected = random_operation(random)
        got = board.dot(*operands, **operation)
        if got != expected:
            raise SelftestError(f"operation {at}, {operands}, {operation}: expected {expected}, "
                                f"got {got}")
    yield f"{_OPERATIONS * sixteenths} random operations equal to the golden model"


def _line(board, count, seed):
    """Random words to a register and back, and what the board has counted."""
    random, link = np.random.default_rng(seed), board.link
    before = board.get("FRAMES_BAD"), link.statistics.damaged, link.statistics.silences
    begin, sent = link.transport.now(), link.statistics.sent + link.statistics.received
    address = board.address("SCRATCH")
    for word in random.integers(0, 1 << 32, count, dtype=np.uint64).tolist():
        link.write(address, word)
        got = link.read(address)[0]
        if got != word:
            raise SelftestError(f"line: wrote {word:08x} to SCRATCH, read {got:08x}")
    seconds = link.transport.now() - begin
    moved = link.statistics.sent + link.statistics.received - sent
    after = board.get("FRAMES_BAD"), link.statistics.damaged, link.statistics.silences
    errors = sum(after) - sum(before)
    return (f"line: {count} round trips, {errors} errors, {1000 * seconds / (2 * count):.2f} ms a "
            f"request, {moved / seconds / 1000:.1f} kB/s of small frames")


def _store(board, space, depth, seed):
    """Fill a store, read it back, with words and their complements; addresses are in the words."""
    words = np.random.default_rng(seed).permutation(depth).astype(np.uint32) * np.uint32(0x10001)
    for pattern in (words, ~words):
        board.begin()
        if board.identity.design == Design.HYPERDRIVE:
            board.set("REPLAY", 7)
        board.link.run([Writing(space, pattern, room=depth)], patience=5)
        got = np.array(board.peek(space, 0, depth), np.uint32)
        wrong = np.flatnonzero(got != pattern)
        if len(wrong):
            first = int(wrong[0])
            raise SelftestError(f"store {space.name}, word {first}: wrote "
                                f"{int(pattern[first]):08x}, read {int(got[first]):08x}")
    return f"store {space.name}: {depth:,} words and their complements"


def _feature_maps(machine, pattern):
    """Every word of the feature-map memory of every tile, by LOAD and STORE."""
    config = machine.config
    edge = 1
    channels = min(config.fm_words, 512)
    while (2 * edge) ** 2 * channels <= config.fm_words:
        edge *= 2
    shape = config.rows * edge, config.columns * edge, channels
    count = int(np.prod(shape))
    image = (np.arange(count, dtype=np.uint32) * 40503 >> 4).astype(np.uint16) if (
        pattern is None) else np.full(count, pattern, np.uint16)
    stimulus = Stimulus(config)
    stimulus.load(image.reshape(shape), base=0, tile=(edge, edge))
    stimulus.store(shape, base=0, tile=(edge, edge))
    words, weights, pixels = stimulus.arrays()
    run = machine.run(words, weights, pixels, stimulus.out_words)
    wrong = np.flatnonzero(run.pixels != image)
    if len(wrong):
        at = int(wrong[0])
        row, column, channel = (int(i) for i in np.unravel_index(at, shape))
        raise SelftestError(
            f"feature maps: tile ({row // edge}, {column // edge}), word "
            f"{(row % edge * edge + column % edge) * channels + channel}: wrote "
            f"{int(image[at]):04x}, read {int(run.pixels[at]):04x}")
    return count


def _layer(machine, seed):
    """A random program against the golden model."""
    stimulus = random_layer_stimulus(machine.config, seed)
    words, weights, pixels = stimulus.arrays()
    golden = GoldenChip(machine.config)
    expected = golden.execute(words, weights, pixels)
    run = machine.run(words, weights, pixels, stimulus.out_words)
    difference = first_difference(machine.config, words, expected, run)
    if difference:
        raise SelftestError(f"random layer {seed}: {difference}")
    for row, report in zip(run.reports, golden.reports, strict=True):
        if row.code != report.code:
            raise SelftestError(f"random layer {seed}, descriptor {report.index}: expected "
                                f"{report.code.name}, got {row.code.name}")
