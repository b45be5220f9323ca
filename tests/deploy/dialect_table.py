"""What becomes of the dialects, as a table: `python -m tests.deploy.dialect_table`."""

from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Outcome:
    """hosts : nodes of the host, None when the network is refused; operations : theirs; programs,
    words : of an image; reason : the first, of a node or of the refusal."""

    hosts: int | None
    operations: tuple
    programs: int
    words: int
    reason: str


def outcome(name, config):
    """:class:`Outcome` of a network; an AssertionError when a value is wrong."""
    model, feeds = build(name)
    onnx.checker.check_model(model)
    try:
        support = analyse(load_graph(model), config)
        made = compile_graph(support, config, name=name)
    except ModelError as error:
        return Outcome(None, (), 0, 0, str(error).split(". ")[0])
    result = Session(made).run(feeds if len(feeds) > 1 else feeds["x"])
    assert result.difference is None, name
    names = [value.name for value in model.graph.output]
    wanted = onnxruntime.InferenceSession(model.SerializeToString()).run(names, feeds)
    for output, value in zip(names, wanted, strict=True):
        np.testing.assert_array_equal(result.outputs[output].astype(value.dtype), value,
                                      err_msg=name)
    hosts = [node.op_type for part in made.parts if isinstance(part, HostPart)
             for node in part.model.graph.node]
    words = sum(program.input_words + program.output_words for program in made.programs)
    reasons = [f"{p.operation}: {p.reason}" for p in support.placements
               if p.where == "host" and not p.gone]
    return Outcome(len(hosts), tuple(hosts), len(made.programs), words,
                   reasons[0] if reasons else "")


def rows():
    """Lines of the table and, for each chip, of the sums."""
    yield ("| network | what it is | host nodes | programs | words | first reason | "
           "without options |")
    yield "|---|---|---|---|---|---|---|"
    sums = {"options": [0, 0, 0], "none": [0, 0, 0]}
    for name, function in DIALECTS.items():
        found = {"options": outcome(name, CHIP), "none": outcome(name, PLAIN)}
        for chip, made in found.items():
            sums[chip][2 if made.hosts is None else int(made.hosts > 0)] += 1
        made, plain = found["options"], found["none"].hosts
        yield (f"| {name} | {function.__doc__} | {'refused' if made.hosts is None else made.hosts} "
               f"| {made.programs} | {made.words} | {made.reason.replace('|', '/')} | "
               f"{'refused' if plain is None else plain} |")
    for chip, counts in sums.items():
        yield (f"{chip}: {counts[0]} whole on the chip, {counts[1]} with host nodes, "
               f"{counts[2]} refused, of {len(DIALECTS)}")


if __name__ == "__main__":
    for line in rows():
        print(line, flush=True)
