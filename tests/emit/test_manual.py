"""docs/verilog.md names every target and every option of its command."""

import re
from pathlib import Path

from flexdrive_cli.verilog import command
from flexdrive_deploy.hdl.targets import TARGETS

TEXT = (Path(__file__).parents[2] / "docs/verilog.md").read_text()


def test_every_target_has_a_row():
    for name in TARGETS:
        assert re.search(rf"^\| (`[a-z0-9-]+`, )?`{name}`.* \|", TEXT, re.MULTILINE), name


def test_every_option_is_named():
    for option in command.params:
        if option.param_type_name == "option" and option.name not in ("output", "list"):
            assert option.opts[0] in TEXT, option.opts
