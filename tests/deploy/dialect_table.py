"""What becomes of the collection of dialects, as a table: `python -m tests.deploy.dialect_table`."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime

from flexdrive_deploy.compiler import compile_graph
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.frontend.host_part import HostPart
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .dialects import DIALECTS, build
from .test_import import CONFIG

CHIP = replace(CONFIG, channelwise=True, leaky=True, ternary=True, weight_words=2304)
PLAIN = replace(CONFIG, weight_words=2304)


def outcome(name, config):
    """(host nodes or None when refused, programs, words, first reason) of a network; an
    AssertionError when a word is wrong."""
    model, feeds = build(name)
    onnx.checker.check_model(model)
    try:
        graph = load_graph(model)
        support = analyse(graph, config)
        made = compile_graph(graph, support, config, name=name)
    except ModelError as error:
        return None, 0, 0, str(error).split(". ")[0]
    result = Session(made).run(feeds if len(feeds) > 1 else feeds["x"])
    assert result.difference is None, name
    names = [value.name for value in model.graph.output]
    wanted = onnxruntime.InferenceSession(model.SerializeToString()).run(names, feeds)
    for output, value in zip(names, wanted, strict=True):
        np.testing.assert_array_equal(result.outputs[output].astype(value.dtype), value,
                                      err_msg=name)
    hosts = sum(len(part.model.graph.node) for part in made.parts if isinstance(part, HostPart))
    words = sum(program.input_words + program.output_words for program in made.programs)
    reasons = [f"{p.operation}: {p.reason}" for p in support.placements
               if p.where == "host" and not p.gone]
    return hosts, len(made.programs), words, reasons[0] if reasons else ""


def rows():
    """Lines of the table and, for each chip, of the sums."""
    yield "| network | what it is | host nodes | programs | words | first reason | without options |"
    yield "|---|---|---|---|---|---|---|"
    sums = {"options": [0, 0, 0], "none": [0, 0, 0]}
    for name, function in DIALECTS.items():
        found = {"options": outcome(name, CHIP), "none": outcome(name, PLAIN)}
        for chip, (hosts, *_) in found.items():
            sums[chip][2 if hosts is None else int(hosts > 0)] += 1
        hosts, programs, words, reason = found["options"]
        plain = found["none"][0]
        yield (f"| {name} | {function.__doc__} | {'refused' if hosts is None else hosts} | "
               f"{programs} | {words} | {reason.replace('|', '/')} | "
               f"{'refused' if plain is None else plain} |")
    for chip, counts in sums.items():
        yield (f"{chip}: {counts[0]} whole on the chip, {counts[1]} with host nodes, "
               f"{counts[2]} refused, of {len(DIALECTS)}")


if __name__ == "__main__":
    for line in rows():
        print(line, flush=True)
