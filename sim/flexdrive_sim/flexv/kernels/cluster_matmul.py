"""A matrix multiplication on all cores of a cluster, as a program: what crossbar, caches and
barriers leave of the inner loop's speed.

Every core has 4 pixels of its own; all of them read the same weights. Activations are unsigned,
weights signed, both of 2 bits.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive.flexv.formats import format_code

from .loop import CHANNELS, LoopKernel

__all__ = ["ClusterMatmul"]

_MAIN = """\
#include "flexv_cluster.h"
extern const uint32_t source[];
extern uint32_t operands[], outputs[];
void work(void *);
uint32_t results[{results}] __attribute__((aligned(8)));
int main(void)
{{
	dma_row(DMA_IN, operands, source, {operand_bytes});
	dma_wait();
	cluster_fork(work, 0);  // brings the instructions
	uint32_t begin = *FLEXV_TIME;
	cluster_fork(work, 0);
	results[0] = *FLEXV_TIME - begin;
	dma_row(DMA_OUT, outputs, results + 2, {output_bytes});
	dma_wait();
	return 0;
}}
"""


@dataclass(frozen=True)
class ClusterMatmul:
    """One program.

    Attributes
    ----------
    cores : of the cluster. depth : K, a multiple of 16. groups : of 4 output channels.
    padding : words between the rows of activations.
    """

    cores: int = 8
    depth: int = 576
    groups: int = 16
    padding: int = 1

    @property
    def macs(self):
        return self.cores * 4 * CHANNELS * self.groups * self.depth

    @property
    def _words(self):
        return self.depth // 16

    @property
    def _pitch(self):
        return 4 * (self._words + self.padding)

    def operands(self):
        """Activations (pixel, K) and weights (channel, K)."""
        random = np.random.default_rng(self.depth)
        return (random.integers(0, 4, (4 * self.cores, self.depth)),
                random.integers(-2, 2, (CHANNELS * self.groups, self.depth)))

    def expected(self):
        """Accumulators (core, group, pixel, channel), modulo 2**32."""
        a, w = self.operands()
        result = (a @ w.T & 0xFFFFFFFF).astype(np.uint32)
        return result.reshape(self.cores, 4, self.groups, CHANNELS).transpose(0, 2, 1, 3)

    def _content(self):
        """Words of L1: rows of activations, then weights in order of use."""
        a, w = self.operands()
        rows = np.zeros((len(a), self._words + self.padding), np.uint32)
        rows[:, :self._words] = _packed(a)
        weights = _packed(w).reshape(self.groups, CHANNELS, self._words).transpose(0, 2, 1)
        # The loop loads ahead.
        return np.concatenate([rows.reshape(-1), weights.reshape(-1), np.zeros(16, np.uint32)])

    def sources(self):
        """{file name: text}."""
        content = self._content()
        output = 4 * self.cores * self.groups * 16
        main = _MAIN.format(results=2 + output // 4, operand_bytes=4 * len(content),
                            output_bytes=output)
        return {"main.c": main, "work.S": self._work(content, output)}

    def _work(self, content, output):
        kernel = LoopKernel(2, 2, self.depth)
        accumulators = [kernel._accumulator(p, c) for p in range(4) for c in range(CHANNELS)]
        saved = [r for r in accumulators if r.startswith("s")]
        body, weights = kernel._macload_body(), 4 * self.cores * self._pitch
        pitch, words = self._pitch, self._words
        settings = {
            "SB_LEGACY": 0, "IVEC_FMT": format_code(2, 2), "IVEC_SKIP_SIZE": 16,
            "IVEC_MIXED_CYCLE": 0, "MIXED_COUNT": 0,
            # Four rows, word after word, and from the last word back to the first.
            "A_STRIDE": pitch, "A_SKIP": 3, "A_ROLLBACK": 4 - 3 * pitch,
            "A_SKIP2": words - 1, "A_ROLLBACK2": -3 * pitch - 4 * (words - 1),
            "A_COUNT": 0, "A_COUNT2": 0, "W_COUNT": 0,
            "W_STRIDE": 4, "W_SKIP": 0, "W_ROLLBACK": 4,
        }
        lines = [
            "\t.include \"flexv.inc\"", "\t.option norelax", "\t.text", "\t.globl work", "work:",
            f"\taddi sp, sp, -{4 * len(saved)}",
            *(f"\tsw {r}, {4 * i}(sp)" for i, r in enumerate(saved)),
            "\tcsrr t1, mhartid", "\tla t0, operands", f"\tli t2, {weights}", "\tadd t2, t0, t2",
            "\tcsrw CSR_MACL_W_ADDRESS, t2", f"\tli t2, {4 * pitch}", "\tmul t2, t2, t1",
            "\tadd t0, t0, t2", "\tcsrw CSR_MACL_A_ADDRESS, t0",
            "\tla t3, outputs", f"\tli t2, {64 * self.groups}", "\tmul t2, t2, t1",
            "\tadd t3, t3, t2",
            *(line for name, value in settings.items()
              for line in (f"\tli t0, {value}", f"\tcsrw CSR_{name}, t0")),
            f"\tli t1, {words}", f"\tli t2, {self.groups}",
            *(f"\tml.sdotsup.w zero, zero, {c}, 0, 0" for c in range(CHANNELS)),
            "\tml.sdotsup.a zero, zero, 0, 0, 0",
            *(f"\tli {r}, 0" for r in accumulators), "\t.balign 4",
            "\tlp.setup 1, t2, group_end", "\tlp.setup 0, t1, word_end", *body[:-1],
            f"word_end:{body[-1]}",
        ]
        stores = [line for r in accumulators
                  for line in (f"\tp.sw.post {r}, t3, 4", f"\tli {r}, 0")]
        lines += [*stores[:-1], f"group_end:{stores[-1]}",
                  *(f"\tlw {r}, {4 * i}(sp)" for i, r in enumerate(saved)),
                  f"\taddi sp, sp, {4 * len(saved)}", "\tret",
                  "\t.section .rodata", "\t.globl source", "\t.balign 8", "source:"]
        lines += [f"\t.word {', '.join(map(str, content[i:i + 16]))}"
                  for i in range(0, len(content), 16)]
        lines += ["\t.section .l1, \"aw\", @nobits", "\t.balign 64", "\t.globl operands",
                  f"operands: .space {4 * len(content)}", "\t.balign 8", "\t.globl outputs",
                  f"outputs: .space {output}", ""]
        return "\n".join(lines)


def _packed(values):
    """Rows of 2-bit values to rows of words, the first in the lowest bits."""
    lanes = values.reshape(len(values), -1, 16) & 3
    return (lanes.astype(np.uint64) << np.arange(0, 32, 2, dtype=np.uint64)).sum(
        axis=2).astype(np.uint32)
