"""Notebooks run from top to bottom, and their stored outputs are what they give."""

import copy
import importlib.util
import json
import re

import pytest

from ..pages import ROOT

_specification = importlib.util.spec_from_file_location(
    "execute", ROOT / "examples/notebooks/execute.py")
_module = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(_module)
execute = _module.execute
NOTEBOOKS = sorted((ROOT / "examples/notebooks").glob("*.ipynb"))


def _printed(notebook):
    """What each cell has printed or returned as text, and how many figures it has drawn; without
    what is measured on the machine, and what gives it room."""
    def text(output):
        shown = "".join(output.get("text", "")) or "".join(
            output["data"].get("text/plain", "figure"))
        return re.sub(r" +", " ", re.sub(r"[\d.,]+ ms\b", "ms", shown))

    return [[text(output) for output in cell["outputs"]]
            for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_those_of_the_cells(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    stored = json.loads(path.read_text())
    made = copy.deepcopy(stored)
    execute(made, path.name)
    assert _printed(made) == _printed(stored)
    assert any("figure" in outputs for outputs in _printed(stored))


def test_an_error_of_a_cell_is_one_of_the_run():
    cell = {"cell_type": "code", "metadata": {}, "source": ["1 + 1\n", "1 / 0"]}
    with pytest.raises(ZeroDivisionError):
        execute({"cells": [cell]})


def test_outputs_of_every_kind():
    source = ["from matplotlib import pyplot\n", "pyplot.figure()\n", "print(1)\n", "'two'"]
    notebook = {"cells": [{"cell_type": "code", "metadata": {}, "source": source}]}
    execute(notebook)
    assert _printed(notebook) == [["1\n", "'two'", "figure"]]


def test_a_cell_that_trains_keeps_its_outputs_until_it_is_asked_for():
    def cell(source, **metadata):
        return {"cell_type": "code", "metadata": metadata, "source": [source], "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["stored\n"]}]}

    notebook = {"cells": [cell("print('trained')", tags=["train"]), cell("print('run')")]}
    execute(notebook)
    assert _printed(notebook) == [["stored\n"], ["run\n"]]
    execute(notebook, train=True)
    assert _printed(notebook) == [["trained\n"], ["run\n"]]


def test_only_the_training_of_the_network_needs_pytorch():
    notebook = json.loads((ROOT / "examples/notebooks/training_to_rtl.ipynb").read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    needs = ["torch" in "".join(cell["source"]) for cell in code]
    assert needs == ["train" in cell["metadata"].get("tags", ()) for cell in code]
    assert needs.count(True) == 1
