"""flexdrive demo: a trained network on the RTL of a chip, every word compared."""

import json
import sys
from importlib.resources import as_file, files
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from flexdrive.hyperdrive.config import PRESETS
from flexdrive_deploy.chip_choice import describe
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_deploy.frontend.graph import load_model
from flexdrive_deploy.hdl.package import make_package, write_package
from flexdrive_deploy.hdl.targets import target_named
from flexdrive_deploy.target import TARGETS
from flexdrive_sim.inference import InferenceSession
from flexdrive_sim.progress import preparation
from flexdrive_sim.report.picture import save_picture
from flexdrive_sim.report.summary import Summary

from .flexv_demo import demo_flexv
from .tables import layer_table, summary_table

EXAMPLE = files("flexdrive_examples") / "digits"
PRESET = "digits"


def _float_answers(model, images):
    """Logits by onnxruntime in float32."""
    (logits,) = Evaluator(model).run({model.graph.input[0].name: images}).values()
    return logits


def _run(deployment, engine, images, console):
    """(logits, Summary); the Summary has the first difference, if there is one."""
    session = InferenceSession(deployment, engine, progress=console)
    summary, logits = Summary(deployment), []
    for result in session.results(images):
        summary.add(result)
        logits.append(result.outputs[deployment.outputs[0]][0])
    return np.array(logits), summary


def _results(labels, logits, summaries):
    """Figures of the run by name."""
    def right(engine):
        answers = logits[engine].argmax(axis=1)
        return int((answers == labels[:len(answers)]).sum()), len(answers)

    rtl = summaries["rtl"]
    count = len(logits["rtl"])
    return {
        "rtl_images": count, "rtl_words_compared": rtl.compared,
        "golden_images": len(logits["golden"]),
        **{f"{engine}_right": right(engine)[0] for engine in logits},
        "logits_rtl_equal_golden": bool((logits["rtl"] == logits["golden"][:count]).all()),
        "largest_logit_difference_golden_float": float(
            np.abs(logits["golden"] - logits["float"]).max()),
        "cycles_measured": rtl.cycles, "cycles_modelled": rtl.modelled,
        "cycles_without_compared_stores": rtl.net_cycles, "model_holds": rtl.model_holds,
        "utilisation": round(rtl.utilisation, 4),
    }


def _accuracy(results, total):
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("model", "images", "right", "accuracy"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for engine, text, count in (("float", "float32 (onnxruntime)", total),
                                ("golden", "golden model", total),
                                ("rtl", "RTL", results["rtl_images"])):
        right = results[f"{engine}_right"]
        table.add_row(text, str(count), str(right), f"{right / count:.2%}")
    return table


def _write_verilog(output, console):
    """The chip's Verilog, with its description and a sample instance."""
    target = target_named("hyperdrive-chip")
    with preparation(console) as notify:
        write_package(make_package(target, PRESETS[PRESET], notify=notify), output)


def _where(output):
    for what, path in (("program", "network/listing.txt"), ("Verilog", "verilog"),
                       ("picture", "digits.png"), ("figures", "results.json")):
        if (output / path).exists():
            yield f"{what:8} {output / path}"


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("flexdrive-demo"),
              show_default=True, metavar="DIR", help="Where to write.")
@click.option("--images", type=click.IntRange(1, 360), metavar="N",
              help="Held-out images for the RTL.  [default: 24; on the cluster 2]")
@click.option("--target", type=click.Choice(TARGETS), default="hyperdrive", show_default=True,
              help="hyperdrive: the binary-weight engine; flexv: the RISC-V cluster.")
def command(output, images, target):
    """Run the digits network on the RTL and on the golden model; write under --output."""
    if target == "flexv":
        demo_flexv(output, images or 2)
        return
    console, images = Console(highlight=False), images or 24
    output.mkdir(parents=True, exist_ok=True)
    with as_file(EXAMPLE) as place:
        model, data = load_model(place / "digits.onnx"), np.load(place / "heldout.npz")
    pictures, labels = data["images"], data["labels"]
    inputs = pictures[:, None].astype(np.float32)
    deployment = compile_model(model, PRESETS[PRESET], name="digits", layer_check=True)
    deployment.save(output / "network")
    _write_verilog(output / "verilog", console)
    console.print(f"digits on {describe(deployment.config)}", soft_wrap=True)
    logits, summaries = {"float": _float_answers(model, inputs)}, {}
    for engine, count in (("rtl", images), ("golden", len(inputs))):
        logits[engine], summaries[engine] = _run(deployment, engine, inputs[:count], console)
        if summaries[engine].difference:
            console.print(f"error: {engine}: {summaries[engine].difference}", style="bold red",
                          markup=False, soft_wrap=True)
            sys.exit(1)
    results = _results(labels, logits, summaries)
    save_picture(output / "digits.png", pictures[:images], logits["rtl"].argmax(axis=1),
                 labels[:images], summaries["rtl"],
                 f"{images} held-out digits as the RTL reads them")
    (output / ".results.tmp").write_text(json.dumps(results, indent=1) + "\n")
    (output / ".results.tmp").replace(output / "results.json")
    for part in (layer_table(summaries["rtl"]), summary_table(summaries["rtl"], "rtl"),
                 _accuracy(results, len(inputs))):
        console.print(part)
        console.print()
    console.print("\n".join(_where(output)), markup=False, soft_wrap=True)
    if not (results["model_holds"] and results["logits_rtl_equal_golden"]):
        console.print("error: cycles differ from the model, or logits from the golden model's",
                      style="bold red")
        sys.exit(1)
