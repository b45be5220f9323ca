// A matrix product, C = A B with bytes in and words out: rows are taken by ticket, so that no core
// waits while there is work.
#include "flexv_cluster.h"
#include <stdio.h>

#define N 16
static FLEXV_L1 int8_t a[N][N], b[N][N];
static FLEXV_L1 int32_t c[N][N];
static FLEXV_L1 uint8_t taken[16];

static void multiply(void *unused)
{
	for (uint32_t row; (row = ticket(0)) < N; taken[core_id()]++)
		for (int column = 0; column < N; column++) {
			int32_t sum = 0;
			for (int k = 0; k < N; k++) sum += a[row][k] * b[k][column];
			c[row][column] = sum;
		}
}

int main(void)
{
	for (int i = 0; i < N * N; i++) {
		a[0][i] = 7 * i + 3;
		b[0][i] = i / N == i % N ? 2 : 0;
	}
	cluster_fork(multiply, 0);
	int wrong = 0, rows = 0;
	for (int i = 0; i < N * N; i++) wrong += c[0][i] != 2 * a[0][i];
	for (uint32_t core = 0; core < core_count(); core++) rows += taken[core];
	printf("%d rows by %lu cores, %d words wrong\n", rows, (unsigned long)core_count(), wrong);
	return wrong || rows != N;
}
