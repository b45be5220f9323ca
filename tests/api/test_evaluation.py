"""Data sets over executors: the same result whoever computes, and whoever dies."""

import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

import flexdrive as fd
from flexdrive_sim.chunks import ChunkError, run_chunks

from .networks import answers, two_layers


@pytest.fixture(scope="module")
def network():
    """(model, images, labels of which some are wrong, right answers)."""
    proto, x, _ = two_layers(11)
    model = fd.compile(proto, chip="tiny")
    wanted = answers(proto, x).reshape(11, -1).argmax(axis=1)
    labels = wanted.copy()
    labels[[2, 7]] += 1
    return model, x, labels, wanted


def test_rtl_in_two_processes_as_counted_by_onnxruntime(network):
    model, x, labels, wanted = network
    found = fd.evaluate(model, x, labels, engine="rtl", workers=2, chunk=4)
    np.testing.assert_array_equal(found.answers, wanted)
    assert (found.images, found.right, found.accuracy) == (11, 9, 9 / 11)
    (cycles,) = found.cycles
    assert found.cycles == {cycles: 11}
    assert cycles == found.modelled
    assert found.model_holds
    assert found.compared == 11 * np.prod(answers(two_layers(1)[0], x[:1]).shape)
    assert found.differences == {}


@pytest.mark.slow
def test_frames_one_after_the_other(network):
    """The images of a chunk are one program: the same results, counted by their own last words."""
    model, x, labels, wanted = network
    found = fd.evaluate(model, x, labels, engine="rtl", workers=1, chunk=4, frames=True,
                        outputs=True)
    np.testing.assert_array_equal(found.answers, wanted)
    np.testing.assert_array_equal(found.outputs, answers(two_layers(11)[0], x).reshape(
        found.outputs.shape).astype(np.float16))
    assert found.right == 9
    assert found.model_holds
    assert sum(found.cycles.values()) == 11
    assert found.cycles[found.modelled] == 8         # all but the first of each chunk
    assert found.differences == {}
    assert fd.evaluate(model, x, workers=1, outputs=False).outputs is None


@pytest.mark.slow
def test_any_executor_gives_the_same(network):
    model, x, labels, wanted = network
    with ThreadPoolExecutor(2) as executor:
        found = fd.evaluate(model, x, labels, executor=executor, chunk=3)
    np.testing.assert_array_equal(found.answers, wanted)
    assert found.right == 9
    assert found.cycles == {}


def test_an_evaluation_goes_on_where_it_stopped(network, tmp_path):
    model, x, labels, wanted = network
    fd.evaluate(model, x, labels, workers=1, chunk=4, keep=tmp_path)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["00000000.json", "00000004.json", "00000008.json"]
    # One is lost, one damaged, one says what was never computed: only the third is believed.
    (tmp_path / kept[0]).unlink()
    (tmp_path / kept[1]).write_text("{")
    text = (tmp_path / kept[2]).read_text()
    (tmp_path / kept[2]).write_text(text.replace('"answers": [', '"answers": [99, ', 1))
    found = fd.evaluate(model, x, None, workers=1, chunk=4, keep=tmp_path)
    np.testing.assert_array_equal(found.answers[:8], wanted[:8])
    assert found.answers[8] == 99
    with pytest.raises(fd.FlexdriveError, match="holds results of other work"):
        fd.evaluate(model, x + 1, workers=1, chunk=4, keep=tmp_path)


def _dies_once(path):
    """Kills its own process when nobody did before."""
    try:
        with open(path, "x"):
            pass
    except FileExistsError:
        return os.getpid()
    os.kill(os.getpid(), signal.SIGKILL)


def _dies():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_dead_process_is_replaced(tmp_path):
    chunks = {f"{i}": lambda i=i: (str(tmp_path / f"died-{i // 2}"),) for i in range(4)}
    found = run_chunks(_dies_once, chunks, identity="x", workers=2)
    assert list(found) == ["0", "1", "2", "3"]
    assert os.getpid() not in found.values()


def test_a_chunk_that_kills_its_workers_is_an_error():
    with pytest.raises(ChunkError, match="Chunk a: its worker died 4 times"):
        run_chunks(_dies, {"a": lambda: ()}, identity="x", workers=1)


def test_errors_of_the_work_are_passed_on():
    with ProcessPoolExecutor(1) as executor, pytest.raises(ValueError, match="invalid literal"):
        run_chunks(int, {"a": lambda: ("z",)}, identity="x", executor=executor)


@pytest.mark.slow
def test_a_dask_cluster_that_loses_a_worker_gives_the_same(network, tmp_path):
    model, x, labels, wanted = network
    # Workers import this module to find the function below.
    sys.path.insert(0, str(Path(__file__).parents[2]))
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                      silence_logs=50) as cluster, Client(cluster) as client:
        workers = client.run(os.getpid)
        assert len(workers) == 2
        executor = client.get_executor()
        victim = next(iter(workers.values()))
        first = executor.submit(os.getpid).result()
        assert first in workers.values()
        done = []

        class Counted:
            """The executor, killing a worker when three chunks are on their way."""

            _max_workers = 2

            def submit(self, function, *arguments):
                future = executor.submit(function, *arguments)
                done.append(future)
                if len(done) == 3:
                    os.kill(victim, signal.SIGKILL)
                return future

        found = fd.evaluate(model, x, labels, engine="rtl", executor=Counted(), chunk=1)
        assert victim not in client.run(os.getpid).values()
    np.testing.assert_array_equal(found.answers, wanted)
    assert (found.right, found.model_holds, found.differences) == (9, True, {})
