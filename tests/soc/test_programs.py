"""Programs of the core of a SoC: loading, interrupts, words to and from the host, traps."""

import numpy as np
import pytest

from flexdrive.boards.frame import Space
from flexdrive.boards.registers import End
from flexdrive_deploy.board.errors import BoardError

_LIMIT = 400_000
_TICKS = """
#include "flexv.h"
#include "soc.h"
static volatile uint32_t ticks, causes;
__attribute__((interrupt("machine"))) void trap_entry(void)
{
	uint32_t cause = csr_read(mcause) & 31;
	causes |= 1u << cause;
	if (cause == 7) {
		ticks++;
		timer_set(timer_read() + 500);
	} else if (cause == 3) {
		*FLEXV_MSIP = 0;
	} else if (cause == SOC_LINE_DMA) {
		*SOC_DMA_IRQ_STATUS = ~0u;
	}
}
int main(void)
{
	uint32_t words[2] = {0, 0};
	*FLEXV_MTIME = 0;
	timer_set(timer_read() + 500);
	*SOC_DMA_IRQ_ENABLE = ~0u;
	csr_set(mie, 1u << 3 | 1u << 7 | 1u << SOC_LINE_DMA);
	csr_set(mstatus, 8);
	*FLEXV_MSIP = 1;
	while (ticks < 4) __asm__ volatile("wfi");
	soc_start(SOC_CHANNEL_SENT, words, 2);
	while (!(causes >> SOC_LINE_DMA & 1)) __asm__ volatile("wfi");
	csr_clear(mstatus, 8);
	put_hex(causes);
	return timer_read() < 2000 || timer_read() > 4000;
}
"""
_ECHO = """
#include "soc.h"
static uint32_t words[64];
int main(void)
{
	for (uint32_t count; ; ) {
		if (soc_receive(&count, 1, 0)) return 1;
		if (count == 0) return 0;
		if (soc_receive(words, count, 0)) return 2;
		for (uint32_t i = 0; i < count; i++) words[i] += 1;
		if (soc_send(words, count, 0)) return 3;
	}
}
"""
_ENDS = """
#include "soc.h"
static uint32_t words[4];
int main(void)
{
	put_decimal(soc_receive(words, 4, 1000));
	put_decimal(soc_left(SOC_CHANNEL_RECEIVED));
	put_decimal(soc_receive((uint32_t *)0x80100000, 1, 0));
	put_decimal(soc_send((uint32_t *)0x80100000, 1, 0));
	put_decimal(soc_send((uint32_t *)((char *)words + 2), 1, 0));
	put_hex(*SOC_DMA_FAULT_ADDRESS ^ (uint32_t)words);
	put_decimal(soc_send(words, 4, 0));
	put_decimal(4000000000u);
	return 0;
}
"""
_WRONG = "#include \"soc.h\"\nint main(void) {{ {}; return 0; }}\n"


@pytest.mark.slow
def test_interrupts_of_timer_software_and_dma_wake_the_core(board, built):
    board.load(built(_TICKS))
    run = board.run(_LIMIT)
    assert run.passed, run.verdict
    assert int(run.console, 16) == 1 << 3 | 1 << 7 | 1 << 17


@pytest.mark.slow
def test_words_go_both_ways_as_transfers_of_any_length(board, built):
    """Longer ones than the rings: the core waits for the host, and the host for the core."""
    board.load(built(_ECHO))
    for _ in range(2):
        board.start()
        random = np.random.default_rng(3)
        for count in (1, 64, 17):
            words = random.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32)
            board.send([count, *words.tolist()])
            assert board.receive(count).tolist() == (words + np.uint32(1)).tolist()
        board.send([0])
        assert board.finish().passed


@pytest.mark.slow
def test_a_transfer_of_another_length_is_told(board, built):
    board.load(built(_ECHO))
    board.start(_LIMIT)
    board.send([3, 1, 2, 3])
    with pytest.raises(BoardError, match=r"2 words of the program have CRC-32 \w+, the board says "
                       r"00000004: it sent a transfer of another length"):
        board.receive(2)


@pytest.mark.slow
def test_ends_of_transfers(board, built):
    """Late, addresses beyond the memory and between words: each is told, the next transfer runs."""
    board.load(built(_ENDS))
    board.start(_LIMIT)
    while len(board.printed()) < 2:
        board._rest()
    board.send([1])
    run = board.finish()
    assert run.passed, run.verdict
    # The word is the one before the bits that should be 0.
    assert run.console == b"10222" + b"00000002" + b"0" + b"4000000000"


@pytest.mark.slow
@pytest.mark.parametrize(("statement", "cause", "value"), [
    ("*(volatile int *)0x44", 5, 0x44),
    ("*(volatile int *)0x80010000 = 1", 7, 0x80010000),
    ("*SOC_HYPERDRIVE_IDENTITY = 1", 7, 0x11000000),
    ("*(volatile int *)0x1100007c", 5, 0x1100007C),
    ("*SOC_DMA_STOP", 5, 0x1100010C),
    ("*(volatile uint8_t *)SOC_DMA_IRQ_ENABLE = 1", 7, 0x11000104),
    ("soc_start(SOC_CHANNEL_RECEIVED, 0, 1); *SOC_DMA_RECEIVED_LEFT = 2", 7, 0x11000174),
    ("__asm__ volatile(\".4byte 0xffffffff\")", 2, 0xFFFFFFFF)])
def test_a_trap_is_told_in_one_line(board, built, statement, cause, value):
    board.load(built(_WRONG.format(statement)))
    board.start(_LIMIT)
    with pytest.raises(BoardError) as told:
        board.receive(1)
    assert "\n" not in str(told.value)
    assert f"before it sent 1 words: unexpected trap, cause {cause}, mepc 0x8000" in str(told.value)
    assert f"mtval {value:#010x}; it said: nothing" in str(told.value)
    board.load(built(_WRONG.format("put_char('x')")))
    run = board.run(_LIMIT)
    assert (run.passed, run.console) == (True, b"x")


@pytest.mark.slow
def test_no_run_begins_with_other_words_than_were_meant(board, built):
    program = built(_WRONG.format("put_char('x')"))
    board.load(program)
    board.set("PROGRAM_CRC", board.get("PROGRAM_CRC") ^ 1)
    run = board.run(_LIMIT)
    assert (run.end, run.cycles, run.console) == (End.PROGRAM, 0, b"")
    assert run.verdict == ("it did not begin: the words that came to the memory have another "
                           "CRC-32 than the program")
    board.set("PROGRAM_CRC", board.get("PROGRAM_CRC") ^ 1)
    assert board.run(_LIMIT).console == b"x"
    # A word more, which the program does not have.
    board._run([board._writing(Space.PROGRAM, np.ones(1, np.uint32))])
    assert board.run(_LIMIT).end == End.PROGRAM


@pytest.mark.slow
def test_a_program_that_takes_nothing_is_told(board, built):
    board.load(built(_WRONG.format("")))
    board.start(_LIMIT)
    with pytest.raises(BoardError, match="the program ended before it took all words that were "
                       "sent: passed; it said: nothing"):
        board.send(np.zeros(300))
