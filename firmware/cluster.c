// What the cores other than core 0 do between programs' functions.

#include "flexv_cluster.h"

struct task {
	void (*function)(void *);
	void *data;
};

static FLEXV_L1 volatile struct task task;

void cluster_fork(void (*function)(void *), void *data)
{
	task.function = function;
	task.data = data;
	barrier();
	function(data);
	barrier();
}

__attribute__((noreturn)) void cluster_worker(void)
{
	for (;;) {
		barrier();
		task.function(task.data);
		barrier();
	}
}
