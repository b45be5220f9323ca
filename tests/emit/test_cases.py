"""The configurations that are linted and simulated in four states: the command makes them."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from flexdrive_cli.verilog import command
from flexdrive_deploy.hdl import package
from flexdrive_sim.four_state import CASES


@pytest.mark.parametrize(("target", "options"), CASES, ids=lambda text: text or "-")
def test_options_make_a_configuration(target, options, monkeypatch, tmp_path):
    made = []

    def make_package(of, value, **_options):
        made.append((of.name, value))
        return SimpleNamespace(files={}, modules=0)

    monkeypatch.setattr(package, "make_package", make_package)
    monkeypatch.setattr(package, "write_package", lambda *_: None)
    CliRunner().invoke(command, [target, *options.split(), "-o", str(tmp_path)],
                       catch_exceptions=False)
    assert [name for name, _ in made] == [target]
