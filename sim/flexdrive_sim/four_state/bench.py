"""A testbench in Verilog-2001 for the Verilog of a target.

Nothing is initialised: every input is X until the one clock edge at which ``rst`` is high. From
then on streams are sent with an X as payload where nothing is offered, results are taken in random
cycles, and no output may be X: a payload not while it is valid, an address not while there is a
request, all others never.
"""

from flexdrive_deploy.hdl.targets import TARGETS

from .stimuli import core_program

__all__ = ["testbench"]

# What stands between the target and the end of a simulation.
_CYCLES = 200_000
# Outputs of a tile are words of its memory and sums of them, some cycles after the first.
_TILE_CYCLES = 20

_FRAME = """\
`timescale 1ns / 1ns
module bench;
  reg clk = 0, rst = 1, running = 0;
  integer cycle = 0, left = {left}, shown = 0;
{declarations}
  {module} dut ({connections});
  always #5 clk = ~clk;
  initial begin
{files}
    // One edge of reset, everything else unknown.
    @(posedge clk);
    @(negedge clk);
    rst = 0;
{idle}
    running = 1;
  end
  always @(posedge clk) if (running) begin
    cycle = cycle + 1;
    // What the edge samples: all assignments below and in the target come after it.
{check}
{drive}
  end
  always @(negedge clk) if (left == 0 && cycle >= {least} || shown >= 5) begin
    if (shown == 0) $display("PASS %0d cycles", cycle);
    $finish;
  end
  initial begin
    repeat ({most}) @(posedge clk);
    $display("FAIL no end after {most} cycles, %0d words are missing", left);
    $finish;
  end
  task fail(input [8 * 40 - 1:0] what);
    begin
      $display("FAIL cycle %0d: %0s", cycle, what);
      shown = shown + 1;
    end
  endtask
endmodule
"""


class _Bench:
    """The parts of the text, and the words of each file."""

    def __init__(self, ports):
        self.ports = {port["name"]: port for port in ports}
        self.declarations, self.files, self.drive, self.check = [], [], [], []
        self.idle, self.left, self.words = {}, 0, {}

    def width(self, name):
        return self.ports[name]["width"]

    def table(self, name, words, width):
        """A memory ``name`` with ``words``; at least one word, as Verilog has no empty ones."""
        words = list(words) or [0]
        digits = -(-width // 4)
        self.words[f"{name}.hex"] = "".join(f"{word:0{digits}x}\n" for word in words)
        self.declarations.append(f"  reg [{width - 1}:0] {name} [0:{len(words) - 1}];")
        self.files.append(f'    $readmemh("{name}.hex", {name});')

    def send(self, name, words):
        """A stream into the target; what is no word of it is X."""
        self.table(f"{name}_words", words, self.width(f"{name}_payload"))
        self.declarations.append(f"  integer {name}_at = 0;")
        self.drive.append(
            f"    if ({name}_valid && {name}_ready) {name}_at = {name}_at + 1;\n"
            f"    {name}_valid <= {name}_at < {len(words)};\n"
            f"    {name}_payload <= {name}_at < {len(words)} ? {name}_words[{name}_at] : 'bx;")

    def take(self, name, words):
        """A stream out of the target."""
        compared = None not in words and len(words) > 0
        self.left += len(words)
        if compared:
            self.table(f"{name}_words", words, self.width(f"{name}_payload"))
        self.declarations.append(f"  integer {name}_at = 0;")
        wrong = f"{name}_at >= {len(words)}"
        if compared:
            wrong += f" || {name}_payload !== {name}_words[{name}_at]"
        self.drive.append(
            f"    if ({name}_valid && {name}_ready) begin\n"
            f'      if ({wrong}) fail("{name} is not the word expected");\n'
            f"      {name}_at = {name}_at + 1;\n      left = left - 1;\n    end\n"
            f"    {name}_ready <= $random;")

    def known(self, name, when="1'b1"):
        self.check.append(f"    if (({when}) !== 1'b0 && (^{name}) === 1'bx)\n"
                          f'      fail("{name} is X");')


def testbench(description, stimulus):
    """(text, {file: its text}) of the testbench ``bench`` for a described target and its
    :class:`~.stimuli.Stimulus`."""
    ports, kind = description["ports"], TARGETS[description["target"]].kind
    bench = _Bench([port for port in ports if port["name"] not in ("clk", "rst")])
    clocks = {name for name in bench.ports if name.endswith("_clk")}
    for name, port in bench.ports.items():
        what = "reg" if port["direction"] == "input" and name not in clocks else "wire"
        bench.declarations.append(f"  {what} [{port['width'] - 1}:0] {name};")
        if what == "reg":
            bench.idle[name] = "0"
    bench.declarations += [f"  assign {name} = clk;" for name in sorted(clocks)]
    for name, words in stimulus.sent.items():
        bench.send(name, words)
        bench.idle[f"{name}_payload"] = "'bx"
    for name, words in stimulus.expected.items():
        bench.take(name, words)
    for name, words in stimulus.ports.items():
        bench.table(f"{name}_words", words, bench.width(name))
        bench.drive.append(f"    {name} <= {name}_words[cycle % {len(words)}];")
    for name, words in stimulus.results.items():
        # Operands set at one edge are sampled at the next.
        bench.table(f"{name}_words", words, bench.width(name))
        bench.drive.append(
            f"    if (cycle > {stimulus.latency + 1} && {name} !== "
            f"{name}_words[(cycle - {stimulus.latency + 1}) % {len(words)}])\n"
            f'      fail("{name} is not the result expected");')
    if kind == "core":
        _memories(bench)
    _checks(bench, stimulus, kind)
    text = _FRAME.format(
        module=description["module"], left=bench.left, declarations="\n".join(bench.declarations),
        connections=", ".join(f".{name}({name})" for name in
                              [*(name for name in ("clk", "rst") if any(
                                  port["name"] == name for port in ports)), *bench.ports]),
        files="\n".join(bench.files), drive="\n".join(bench.drive), check="\n".join(bench.check),
        idle="\n".join(f"    {name} = {value};" for name, value in bench.idle.items()),
        least=100 if kind in ("tile", "depth") else 0, most=_CYCLES)
    return text, bench.words


def _checks(bench, stimulus, kind):
    for name, port in bench.ports.items():
        stem, _, last = name.rpartition("_")
        if port["direction"] == "input":
            # What nobody sends, and whoever takes what nobody looks at, is idle or willing.
            if last == "ready" and stem not in stimulus.expected:
                bench.idle[name] = "1"
        elif last in ("payload", "data", "last") and f"{stem}_valid" in bench.ports:
            bench.known(name, f"{stem}_valid")
        elif last in ("addr", "we", "be") and f"{stem}_req" in bench.ports:
            bench.known(name, f"{stem}_req")
        elif last == "wdata" and f"{stem}_req" in bench.ports:
            bench.known(name, f"{stem}_req && {stem}_we")
        elif last in ("adr", "we", "sel") and f"{stem}_stb" in bench.ports:
            bench.known(name, f"{stem}_stb")
        elif name.endswith("dat_w"):
            bench.known(name, f"{name[:-6]}_stb && {name[:-6]}_we")
        elif name in ("rvfi_mem_rdata", "rvfi_mem_wdata"):
            bench.known(name, f"rvfi_valid && rvfi_mem_{last[0]}mask != 0")
        elif name.startswith("rvfi_") and name != "rvfi_valid":
            bench.known(name, "rvfi_valid")
        elif kind == "tile":
            bench.known(name, f"cycle > {_TILE_CYCLES}")
        elif kind != "depth":
            bench.known(name)


def _memories(bench):
    """A program at address 0 and a memory for data, with responses in the next cycle."""
    program, stores = core_program()
    bench.left = len(stores)
    bench.table("instructions", program, 32)
    bench.table("store_addresses", (address for address, _ in stores), 32)
    bench.table("store_words", (word for _, word in stores), 32)
    bench.declarations.append("  reg [31:0] memory [0:255];\n  integer stored = 0;")
    wishbone = "ibus_stb" in bench.ports
    request, address, word, answer, read = (
        ("stb", "adr", "dat_w", "ack", "dat_r") if wishbone else
        ("req", "addr", "wdata", "rvalid", "rdata"))
    if not wishbone:
        bench.idle |= {"ibus_gnt": "1", "dbus_gnt": "1"}
    bench.drive.append(f"""\
    ibus_{answer} <= ibus_{request};
    ibus_{read} <= ibus_{request} && ibus_{address} < {4 * len(program)}
        ? instructions[ibus_{address} >> 2] : 'bx;
    dbus_{answer} <= dbus_{request};
    dbus_{read} <= dbus_{request} && !dbus_we ? memory[dbus_{address} >> 2 & 255] : 'bx;
    if (dbus_{request} && dbus_we) begin
      memory[dbus_{address} >> 2 & 255] = dbus_{word};
      if (stored >= {len(stores)} || dbus_{address} !== store_addresses[stored]
          || dbus_{word} !== store_words[stored]) fail("a store is not the one expected");
      stored = stored + 1;
      left = left - 1;
    end""")
