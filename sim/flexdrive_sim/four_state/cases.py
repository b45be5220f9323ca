"""Targets and options whose Verilog is linted, and most of it simulated: ``python -m
flexdrive_sim.four_state.cases`` prints them, a line each."""

from flexdrive_deploy.hdl.targets import TARGETS

__all__ = ["CASES", "SIMULATED"]

_ONE = "--rows 1 --columns 1 --channels 1 --fm-words 2 --fm-banks 1 --adder-depth 2"
_OPTIONS = {
    "tile": ["--preset paper", "--preset tiny", "--preset ecp5", _ONE, "--preset tiny --mesh",
             "--preset ecp5 --channelwise --leaky"],
    "chip": ["--preset paper", "--preset tiny", "--preset ecp5", _ONE, "--preset tiny --mesh",
             "--preset ecp5 --channelwise --leaky",
             "--preset tiny --mesh --halo 2 --channelwise",
             f"{_ONE} --channelwise --weight-words 16", "--preset ecp5 --ternary",
             "--preset tiny --mesh --channelwise --ternary --forward-weights --link-width 4",
             "--preset tiny --mesh --leaky --link-width 4 --forward-weights",
             "--preset tiny --mesh --link-width 4 --link-reverse-width 4 --retransmit --crossing"],
    "bus": ["--preset tiny", "--preset ecp5 --channels 48", f"{_ONE} --channelwise "
            "--weight-words 16 --ternary"],
    "mesh": ["--mesh 2x2 --preset tiny", f"--mesh 1x1 {_ONE}",
             "--mesh 2x2 --preset tiny --link-width 64 --link-crc 32 --forward-weights"],
    "depth": [f"--depth {depth}" for depth in (1, 2, 3, 4)],
    "dot": ["--structure array", "--structure islands", "--structure only16"],
    "core": ["", "--rvfi", "--extensions i,zicsr", "--extensions i,zifencei,zicsr,m,xpulp_memory",
             "--dot-structure islands --fetch-words 2",
             "--registers ram --waiting-loads 0x40000000,0x20000"],
    "cluster": ["--cores 2 --banks 4 --bank-words 256 --extensions i,zicsr"]}

# (target, options as on the command line).
CASES = [(target.name, options) for target in TARGETS.values()
         for options in _OPTIONS[target.kind]]

# Those that the testbench of four-state simulation can talk to: not AXI, nor the Wishbone slave,
# nor the cluster's two buses.
_OTHERS = ("hyperdrive-axi", "hyperdrive-wishbone", "flexv-core-axi", "flexv-cluster")
SIMULATED = [case for case in CASES if case[0] not in _OTHERS]


if __name__ == "__main__":
    for case in CASES:
        print(*case)
