"""flexdrive: generators of neural-network hardware in Amaranth HDL.

    import flexdrive as fd

    model = fd.compile("digits.onnx", chip="digits")
    (logits,) = fd.InferenceSession(model, engine="rtl").run(None, {"images": images})
    m.submodules.chip = chip = fd.Macro(fd.hyperdrive.Chip(config))

This package holds synthesizable hardware and nothing else: no numpy, no host code. What the names
below stand for is imported when it is used: the compiler from ``flexdrive_deploy``, golden models
and engines from ``flexdrive_sim``.
"""

from .lazy import lazy

__version__ = "0.1.0"

# Name -> (module, name in it or None for the module itself).
_FACE = {
    "compile": ("flexdrive_deploy.api", "compile"),
    "check": ("flexdrive_deploy.api", "check"),
    "Deployment": ("flexdrive_deploy.compiled_model", "Deployment"),
    "InferenceSession": ("flexdrive_sim.inference", "InferenceSession"),
    "evaluate": ("flexdrive_sim.evaluation", "evaluate"),
    "Macro": ("flexdrive_deploy.hdl.macro", "Macro"),
    "emit_verilog": ("flexdrive_deploy.hdl.verilog", "emit_verilog"),
    "ChipConfig": ("flexdrive.hyperdrive.config", "ChipConfig"),
    "FlexdriveError": ("flexdrive.errors", "FlexdriveError"),
    "fp16": ("flexdrive.fp16", None),
    "hyperdrive": ("flexdrive.hyperdrive", None),
    "flexv": ("flexdrive.flexv", None),
}

__all__ = ["ChipConfig", "Deployment", "FlexdriveError", "InferenceSession", "Macro", "__version__",
           "check", "compile", "emit_verilog", "evaluate", "flexv", "fp16", "hyperdrive"]

__getattr__, __dir__ = lazy(__name__, _FACE)
