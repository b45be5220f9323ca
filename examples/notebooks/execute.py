"""Run notebooks without a server: ``python examples/notebooks/execute.py NAME.ipynb [--write]``.

Cells run in one namespace in this process; what they print, the value of a last expression and the
figures that are open become their outputs. ``--write`` stores them in the file. A cell tagged
"train" needs PyTorch: it runs with ``--train``, else it keeps the outputs that it has.
"""

import argparse
import ast
import base64
import contextlib
import io
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

__all__ = ["execute"]


def _lines(text):
    return text.splitlines(keepends=True)


def _run(source, names, where):
    """Execute a cell; the value of a last expression, or None."""
    body, last = ast.parse(source, where), None
    if body.body and isinstance(body.body[-1], ast.Expr):
        last = ast.Expression(body.body.pop().value)
    exec(compile(body, where, "exec"), names)
    return None if last is None else eval(compile(last, where, "eval"), names)


def _figures():
    for number in plt.get_fignums():
        picture = io.BytesIO()
        # No version of matplotlib in the file: the same picture is the same text.
        plt.figure(number).savefig(picture, format="png", dpi=80, bbox_inches="tight",
                                   metadata={"Software": None})
        yield {"output_type": "display_data", "metadata": {}, "data": {
            "image/png": base64.b64encode(picture.getvalue()).decode()}}
    plt.close("all")


def execute(notebook, name="notebook", *, train=False):
    """Run the cells of a notebook (a dict as JSON has it) and put their outputs into it; returns
    the names that the cells have defined. Cells tagged "train" only run with ``train``. An error of
    a cell is passed on."""
    names = {"__name__": "__main__"}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(code, 1):
        if "train" in cell["metadata"].get("tags", ()) and not train:
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            value = _run("".join(cell["source"]), names, f"{name}, cell {count}")
        outputs = []
        if printed.getvalue():
            outputs.append({"output_type": "stream", "name": "stdout",
                            "text": _lines(printed.getvalue())})
        if value is not None:
            outputs.append({"output_type": "execute_result", "execution_count": count,
                            "metadata": {}, "data": {"text/plain": _lines(repr(value))}})
        cell["outputs"], cell["execution_count"] = [*outputs, *_figures()], count
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--write", action="store_true", help="store the outputs in the file")
    parser.add_argument("--train", action="store_true", help="also run cells that train")
    arguments = parser.parse_args()
    notebook = json.loads(arguments.notebook.read_text())
    with contextlib.chdir(arguments.notebook.parent):
        execute(notebook, arguments.notebook.name, train=arguments.train)
    if arguments.write:
        arguments.notebook.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
