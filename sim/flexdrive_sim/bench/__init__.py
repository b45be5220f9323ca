"""Benchmarks: every module has ``run(console)``, which prints its table and returns its figures
by name."""

__all__ = ["BENCHMARKS"]

# Name -> (module, one line).
BENCHMARKS = {
    "chip-speed": ("chip_speed", "Cycles a second of the 784-unit chip at work, beside Verilator."),
    "emission": ("emission", "Time and size of the Verilog of arrays from 49 to 1,024 tiles."),
    "flexv-loop": ("flexv_loop", "MAC/cycle of the matrix-multiplication loop of a Flex-V core."),
    "resnet34": ("resnet34", "All layers of a ResNet-34 frame in RTL: words, cycles, utilisation."),
    "small-layer": ("small_layer", "From the description of one small layer to its RTL result."),
}
