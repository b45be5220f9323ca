"""A program in words, for people; every line fits 80 columns."""

from dataclasses import fields

import numpy as np

from flexdrive.hyperdrive.descriptor.fields import Activation, Operation

from .mesh_borders import MESH_FIELDS

__all__ = ["listing"]


def _place(program, name):
    place = program.maps[name]
    shape = "x".join(str(size) for size in place.shape)
    end = place.base + place.words
    return f"{shape} in tiles of {place.tile[0]}x{place.tile[1]} at words {place.base}..{end - 1}"


def _conv(program, entry, descriptor):
    activation = Activation(descriptor.activation)
    last = f", {activation.name}" if activation != Activation.NONE else ""
    rows, columns = descriptor.tap_rows, descriptor.tap_columns
    around = tuple(range(-(len(rows) // 2), len(rows) // 2 + 1))
    at = f" at {rows} x {columns}" if descriptor.extended and not (
        rows == columns == around) else ""
    yield (f"      {len(rows)}x{len(columns)}{at} stride {descriptor.stride}{last}, "
           f"{program.weight_words(entry, descriptor)} weight words, interleave "
           f"{descriptor.interleave}")
    if descriptor.bounds != activation.bounds:
        low, high = np.array(descriptor.bounds, np.uint16).view(np.float16)
        yield f"      bounds {low:g} and {high:g}"
    yield f"      from {entry.reads}"
    yield f"           {_place(program, entry.reads)}"
    if entry.bypass is not None:
        yield f"      plus {entry.bypass}" + (", after the activation" if descriptor.late else "")
        yield f"           {_place(program, entry.bypass)}"
    yield f"      to   {entry.writes}"
    yield f"           {_place(program, entry.writes)}"


def _program(program):
    config = program.config
    yield (f"    {len(program.words)} program words, {len(program.weights)} weight words of "
           f"{config.channels} bits")
    yield (f"    {program.input_words} words in, {program.output_words} words out, "
           f"{program.peak_words} of {config.fm_words} words a tile used")
    for index, (entry, descriptor) in enumerate(
            zip(program.entries, program.descriptors, strict=True)):
        probe = " (to compare)" if entry.probe else ""
        yield f"  {index:3} {entry.operation.name:5} {entry.name}{probe}"
        if entry.operation == Operation.CONV:
            yield from _conv(program, entry, descriptor)
        else:
            yield f"      {_place(program, entry.writes or entry.reads)}"


def _chip(config):
    """Parameters, four a line; those of links only for a chip that has them."""
    names = [field.name for field in fields(config)]
    if not config.mesh:
        names = [name for name in names if name not in MESH_FIELDS]
    for at in range(0, len(names), 4):
        yield ("        " if at else "chip    ") + ", ".join(
            f"{name} {getattr(config, name)}" for name in names[at:at + 4])


def listing(deployment):
    """Text of a Deployment: its chip, its parts, every descriptor."""
    lines = [f"network {deployment.name}", *_chip(deployment.config)]
    for number, part in enumerate(deployment.parts):
        if hasattr(part, "program"):
            lines += ["", f"part {number}: chip", *_program(part.program)]
        else:
            lines += ["", f"part {number}: host"]
            lines += [f"    {node.op_type:20} {node.name}" for node in part.model.graph.node]
    return "\n".join(lines) + "\n"
