"""``flexdrive flexv run --cores``, the table and the picture of what cores do, parameters."""

import numpy as np
import pytest
from click.testing import CliRunner

from flexdrive.errors import ConfigurationError, FlexdriveError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive.flexv.cluster.l1 import bank_of
from flexdrive.flexv.cluster.registers import REGISTERS
from flexdrive_cli.cluster_options import ClusterOptions
from flexdrive_cli.flexv import command
from flexdrive_deploy.flexv.firmware import BuildError, build_program
from flexdrive_sim.flexv.activity import draw, shares, summary

from .conftest import CONFIG
from .test_programs import program_text


def _run(*arguments):
    return CliRunner().invoke(command, ["run", *map(str, arguments)])


def _built(tmp_path, text, cores=CONFIG.cores):
    (tmp_path / "program.c").write_text(text)
    return build_program([tmp_path / "program.c"], tmp_path / "program.elf", cores=cores)


@pytest.fixture
def small(cluster, monkeypatch):
    """The command's cluster is the one that is compiled for the tests."""
    monkeypatch.setattr(ClusterOptions, "config", lambda *_: CONFIG)
    monkeypatch.setattr("flexdrive_sim.flexv.drive.run_cluster.build_cluster",
                        lambda *_, **__: cluster)


def test_run_prints_and_draws(small, tmp_path):
    program, picture = _built(tmp_path, program_text("fork")), tmp_path / "cores.png"
    result = _run(program, "--cores", 4, "--activity", picture)
    assert result.exit_code == 0
    assert "4 cores: 499500\n" in result.output
    assert "passed (" in result.output
    assert "waits for a bank" in result.output
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_a_trace_names_cores(small, tmp_path):
    program, trace = _built(tmp_path, program_text("fork")), tmp_path / "trace.txt"
    assert _run(program, "--cores", 4, "--trace", trace).exit_code == 0
    lines = [line.split() for line in trace.read_text().splitlines()]
    cycles, cores = [int(line[0]) for line in lines], {line[1] for line in lines}
    assert cycles == sorted(cycles)
    assert cores == {"0", "1", "2", "3"}
    # Every core begins where the program does, and calls main in core 0 only.
    for core in "0123":
        own = [line for line in lines if line[1] == core]
        assert own[0][2] == "80000000"
        assert any(line[3].startswith("main") for line in own) == (core == "0")


def test_run_tells_what_went_wrong(small, tmp_path):
    program = _built(tmp_path, "int main(void) { return 3; }")
    result = _run(program, "--cores", 4)
    assert result.exit_code == 1
    assert "failed: test 3 (" in result.output


def test_program_for_fewer_cores_is_refused(small, tmp_path):
    result = _run(_built(tmp_path, "int main(void) {}", cores=2), "--cores", 4)
    assert str(result.exception) == ("The program is built for at most 2 cores, the cluster has 4; "
                                     "build it with --cores 4")


@pytest.mark.parametrize(("arguments", "message"), [
    (["--banks", "8"], "options of a cluster need --cores"),
    (["--cores", "4", "--signature", "x"], "a cluster has no --signature"),
    (["--cores", "4", "--dmem-latency", "2"], "a cluster has no --dmem-latency"),
    (["--latency", "2"], "--latency needs --cores"),
    (["--activity", "x.png"], "--activity needs --cores"),
])
def test_options_that_do_not_go_together(arguments, message):
    result = _run("program.elf", *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_too_many_cores_for_a_program(tmp_path):
    with pytest.raises(BuildError, match="A cluster has 1 to 16 cores, not 17"):
        _built(tmp_path, "int main(void) {}", cores=17)


@pytest.mark.parametrize(("parameters", "message"), [
    ({"cores": 17}, "cores must be 1 to 16, not 17"),
    ({"banks": 12}, "banks must be a power of two, 2 to 64, not 12"),
    ({"shared_cache": 512}, "shared_cache must be a power of two, 1024 to 65536, not 512"),
    ({"banks": 64, "bank_words": 16384}, "L1 has at most 1 MB; 64 banks of 16384 words are 4096 "
                                         "kB"),
])
def test_impossible_parameters(parameters, message):
    with pytest.raises(ConfigurationError) as caught:
        ClusterConfig(**parameters)
    assert str(caught.value) == message


def test_shares():
    activity = np.array([[0, 1], [0, 3], [4, 4], [8, 0]], np.uint8)
    assert shares(activity, 2).tolist() == [
        [[1, 0, 0, 0, 0], [0, 0, 0, 0.5, 0.5]], [[0, 0.5, 0.5, 0, 0], [0.5, 0, 0, 0.5, 0]]]
    assert shares(activity, 100).shape == (2, 4, 5)


def test_summary_and_errors(tmp_path):
    lines = list(summary(np.array([[1, 2, 3, 4]]), 10))
    assert lines[1].split() == ["0", "10.0", "%", "20.0", "%", "30.0", "%", "40.0", "%"]
    with pytest.raises(FlexdriveError, match="no cycles"):
        draw(np.zeros((0, 4), np.uint8), tmp_path / "x.png")
    with pytest.raises(FlexdriveError, match="Cannot write"):
        draw(np.zeros((9, 4), np.uint8), tmp_path / "nowhere" / "x.png")


@pytest.mark.parametrize("xor_banks", [False, True])
def test_banks_share_all_words(xor_banks):
    """Each row of words lies in all banks; with XOR columns of a square do, too."""
    config = ClusterConfig(xor_banks=xor_banks)
    words = np.array([bank_of(config, word) for word in range(4096)]).reshape(-1, 16)
    assert all(sorted(row) == list(range(16)) for row in words.tolist())
    assert all(len(set(words[i:i + 16, 3])) == (16 if xor_banks else 1)
               for i in range(0, 256, 16))


def test_registers_do_not_overlap():
    places = [r.address + 4 * i for r in REGISTERS for i in range(r.count)]
    assert len(set(places)) == len(places)
