"""flexdrive demo --target flexv: digits in 8 bits on the cluster."""

from importlib.resources import as_file, files

import numpy as np
from rich.console import Console

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_deploy.frontend.graph import load_model

from .flexv_tables import layer_cycles

__all__ = ["demo_flexv"]

_EXAMPLE = files("flexdrive_examples") / "digits"


def demo_flexv(output, count):
    """Run ``count`` held-out digits on the cluster's RTL, all on the golden model and onnxruntime;
    write C, weights and listing to ``output``/network."""
    from flexdrive_sim.flexv.layer_figures import layer_figures
    from flexdrive_sim.flexv.session import NetworkSession
    from flexdrive_sim.progress import preparation

    console = Console(highlight=False, soft_wrap=True)
    with as_file(_EXAMPLE) as place:
        path, data = place / "digits_int8.onnx", np.load(place / "heldout.npz")
        network, evaluator = load_network(path), Evaluator(load_model(path))
    images, labels = data["images"][:, None].astype(np.float32), data["labels"]
    compiled = compile_network(network)
    compiled.write(output / "network")
    (name,), (result,) = network.inputs, network.outputs
    with preparation(Console(stderr=True)) as notify:
        session = NetworkSession(compiled, "rtl", notify=notify)
    (made,) = session.run(None, {name: images[:count]})
    (golden,) = NetworkSession(network).run(None, {name: images})
    other = np.concatenate([evaluator.run({name: image[None]})[result] for image in images])
    console.print(f"{network.name} on 8 Flex-V cores: {network.macs:,} MAC, {network.weights:,} "
                  "weights of 8 bits", markup=False)
    console.print(layer_cycles(layer_figures(session)))
    for text, logits in (("RTL", made), ("golden model", golden), ("onnxruntime", other)):
        right = int((logits.argmax(1) == labels[:len(logits)]).sum())
        console.print(f"{text:14} {right} of {len(logits)} right", markup=False)
    console.print(f"{session.compared:,} integers of the RTL are the golden model's; read "
                  f"{output / 'network' / 'network.c'}", markup=False)
