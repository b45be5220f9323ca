"""A target as a directory that a hardware engineer can take away: Verilog, its description in
JSON, and a sample instantiation."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flexdrive import __version__
from flexdrive.emit import Port, emit_rtlil
from flexdrive.errors import FlexdriveError

from .port_docs import member_docs, port_meaning
from .verilog import verilog_of

__all__ = ["FORMAT", "FORMAT_VERSION", "VerilogPackage", "make_package", "write_package"]

FORMAT = "flexdrive-verilog"
FORMAT_VERSION = 1

_CLOCK = (Port("clk", 1, "input", path="clk"), Port("rst", 1, "input", path="rst"))
_CLOCK_DOCS = {"clk": "clock; everything happens at its rising edge",
               "rst": "synchronous reset, active high"}


@dataclass(frozen=True)
class VerilogPackage:
    """Files of a target: name -> text. ``modules`` is the number of Verilog modules."""

    files: dict
    modules: int


def make_package(target, value, *, rtlil=False, notify=None):
    """Emit a target.

    Parameters
    ----------
    target : :class:`~flexdrive_deploy.hdl.targets.Target`.
    value : its parameter, see :class:`~flexdrive_deploy.hdl.targets.Target`.
    rtlil : add the RTLIL.
    notify : called with a line of text before each slow step.

    Returns
    -------
    :class:`VerilogPackage`
    """
    component = target.build(value)
    emitted = emit_rtlil(component, name=target.module)
    configuration = target.configuration(value)
    docs = {**_CLOCK_DOCS, **member_docs(component)}
    ports = [*(_CLOCK if emitted.clocked else ()),
             *(port for port in emitted.ports if port.width > 0)]
    rows = [(port, port_meaning(docs, port)) for port in ports]
    command = _command(target, configuration)
    header = _header(target, configuration, command, rows)
    design = verilog_of(emitted, header=header, notify=notify)
    name = target.module
    rows = [(port, design.ports.get(port.name, port.name), text) for port, text in rows]
    files = {f"{name}.v": design.text,
             f"{name}_instance.v": _instance(target, rows),
             f"{name}.json": json.dumps(
                 _description(target, configuration, command, design, rows), indent=1) + "\n"}
    if rtlil:
        files[f"{name}.il"] = emitted.text
    return VerilogPackage(files, len(design.instances))


def _command(target, configuration):
    words = []
    for name, value in configuration.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] if value else []
        else:
            text = ",".join(map(str, value)) if isinstance(value, list) else value
            words.append(f"{option} {text}")
    # Into a directory of its own: as it stands, the command overwrites nothing.
    return " ".join(["flexdrive verilog", target.name, *words, f"-o {target.module}"])


def _range(width):
    return f"[{width - 1}:0]" if width > 1 else ""


def _header(target, configuration, command, rows):
    lines = [f"{target.name}: {target.summary}",
             f"flexdrive {__version__}; made by", f"    {command}", "",
             "configuration:",
             *(f"    {name} = {value}" for name, value in configuration.items()), "",
             f"ports of module {target.module}:"]
    for port, text in rows:
        lines.append(f"    {port.direction:6} {_range(port.width):7} {port.name}: {text}")
    return "\n".join(lines)


def _description(target, configuration, command, design, rows):
    shared = {module.name: module for module in design.rtlil.modules}
    modules = {}
    for name, instances in design.instances.items():
        modules[name] = {"instances": instances}
        if name in shared:
            modules[name] = {"component": shared[name].component,
                             "parameters": shared[name].parameters, "instances": instances}
    return {
        "format": FORMAT, "format_version": FORMAT_VERSION, "flexdrive": __version__,
        "target": target.name, "module": target.module, "command": command,
        "configuration": configuration,
        "ports": [{"name": name, "python": port.path, "direction": port.direction,
                   "width": port.width, "meaning": text,
                   **({"fields": [{"name": f, "lsb": lsb, "width": width}
                                  for f, lsb, width in port.fields]} if port.fields else {})}
                  for port, name, text in rows],
        "modules": modules,
    }


def _instance(target, rows):
    """A module with the ports of the target that contains nothing but one instance of it."""
    declarations = [f"    {port.direction:6} wire {_range(port.width):7} {name}"
                    for port, name, _ in rows]
    connections = [f"        .{name}({name})" for _, name, _ in rows]
    return (f"// Sample instantiation of {target.module}: {target.summary}.\n"
            f"// The meaning of each port stands in {target.module}.v and {target.module}.json.\n"
            f"module {target.module}_instance (\n" + ",\n".join(declarations) + "\n);\n"
            f"    {target.module} {target.module}_0 (\n" + ",\n".join(connections)
            + "\n    );\nendmodule\n")


def write_package(package, directory):
    """Write the files into ``directory``, which is made if it is missing: all or none appear.

    Raises
    ------
    FlexdriveError
        when the directory cannot be made or written.
    """
    directory = Path(directory)
    place = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".flexdrive-", dir=directory))
        for name, text in package.files.items():
            (place / name).write_text(text)
        for name in package.files:
            os.replace(place / name, directory / name)
    except OSError as error:
        raise FlexdriveError(f"Cannot write to {directory}: {error.strerror}; name a directory "
                             f"that can be made or written with -o") from None
    finally:
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)
