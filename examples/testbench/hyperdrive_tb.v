// Drives a Hyperdrive chip with the files of `flexdrive compile --vectors X.npy --export mem`, and
// compares every word that it sends. Written from docs/verilog.md and docs/hyperdrive.md alone, in
// Verilog-2001: Icarus Verilog and Verilator (--binary --timing) run it as it is.
//
//   WEIGHT_BITS       macro: width of i_weights_payload, as hyperdrive_chip.json says
//   +files=DIR/1-chip what the names of the files begin with
//   +pauses           every stream pauses at random
//   +limit=CYCLES     give up after so many (default 1,000,000)
`timescale 1ns / 1ps
`ifndef WEIGHT_BITS
`define WEIGHT_BITS 4
`endif

// Sends the words of PREFIX-NAME.mem. Valid and payload stay until the word has moved.
module stream_source #(parameter WIDTH = 32, parameter NAME = "words") (
    input  wire             clk,
    input  wire             rst,
    output reg  [WIDTH-1:0] payload,
    output reg              valid,
    input  wire             ready
);
    reg [8*512-1:0] prefix, name;
    reg [8*128-1:0] comment;
    reg [WIDTH-1:0] word;
    integer file, got;

    initial begin
        valid = 1'b0;
        payload = {WIDTH{1'b0}};
        if (!$value$plusargs("files=%s", prefix)) prefix = "1-chip";
        $sformat(name, "%0s-%0s.mem", prefix, NAME);
        file = $fopen(name, "r");
        if (file == 0) begin
            $display("error: cannot open %0s", name);
            $finish;
        end
        got = $fgets(comment, file);
    end

    always @(posedge clk)
        if (rst) valid <= 1'b0;
        else if (!valid || ready) begin
            valid <= 1'b0;
            if (!($test$plusargs("pauses") && $random % 3 == 0)) begin
                got = $fscanf(file, "%h", word);
                if (got == 1) begin
                    payload <= word;
                    valid <= 1'b1;
                end
            end
        end
endmodule

// Takes words and compares them with those of PREFIX-expected.mem; `finished` when all have come.
module stream_sink #(parameter WIDTH = 16, parameter NAME = "expected") (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] payload,
    input  wire             valid,
    output reg              ready,
    output reg              finished,
    output reg [31:0]       count,
    output reg [31:0]       wrong
);
    reg [8*512-1:0] prefix, name;
    reg [8*128-1:0] comment;
    reg [WIDTH-1:0] expected;
    integer file, got;

    initial begin
        ready = 1'b0;
        count = 0;
        wrong = 0;
        if (!$value$plusargs("files=%s", prefix)) prefix = "1-chip";
        $sformat(name, "%0s-%0s.mem", prefix, NAME);
        file = $fopen(name, "r");
        if (file == 0) begin
            $display("error: cannot open %0s", name);
            $finish;
        end
        got = $fgets(comment, file);
        got = $fscanf(file, "%h", expected);
        finished = got != 1;
    end

    always @(posedge clk) begin
        ready <= !rst && !($test$plusargs("pauses") && $random % 3 == 0);
        if (!rst && valid && ready) begin
            if (finished || payload !== expected) begin
                wrong <= wrong + 1;
                if (wrong < 10)
                    $display("error: word %0d is %h, expected %h%0s", count, payload, expected,
                             finished ? " (one too many)" : "");
            end
            count <= count + 1;
            got = $fscanf(file, "%h", expected);
            if (got != 1) finished <= 1'b1;
        end
    end
endmodule

module hyperdrive_tb;
    reg clk = 1'b0, rst = 1'b1;
    always #5 clk = !clk;

    wire [31:0] descriptors, count, wrong;
    wire [`WEIGHT_BITS-1:0] weights;
    wire [15:0] pixels, results;
    wire [159:0] report;
    wire descriptors_valid, descriptors_ready, weights_valid, weights_ready;
    wire pixels_valid, pixels_ready, results_valid, results_ready, report_valid, busy, finished;

    stream_source #(.WIDTH(32), .NAME("words")) descriptor_source (
        .clk(clk), .rst(rst),
        .payload(descriptors), .valid(descriptors_valid), .ready(descriptors_ready));
    stream_source #(.WIDTH(`WEIGHT_BITS), .NAME("weights")) weight_source (
        .clk(clk), .rst(rst), .payload(weights), .valid(weights_valid), .ready(weights_ready));
    stream_source #(.WIDTH(16), .NAME("pixels")) pixel_source (
        .clk(clk), .rst(rst), .payload(pixels), .valid(pixels_valid), .ready(pixels_ready));
    stream_sink #(.WIDTH(16), .NAME("expected")) result_sink (
        .clk(clk), .rst(rst), .payload(results), .valid(results_valid), .ready(results_ready),
        .finished(finished), .count(count), .wrong(wrong));

    hyperdrive_chip chip (
        .clk(clk), .rst(rst),
        .i_descriptors_payload(descriptors), .i_descriptors_valid(descriptors_valid),
        .i_descriptors_ready(descriptors_ready),
        .i_weights_payload(weights), .i_weights_valid(weights_valid),
        .i_weights_ready(weights_ready),
        .i_pixels_payload(pixels), .i_pixels_valid(pixels_valid), .i_pixels_ready(pixels_ready),
        .o_pixels_payload(results), .o_pixels_valid(results_valid),
        .o_pixels_ready(results_ready),
        .o_reports_payload(report), .o_reports_valid(report_valid), .o_reports_ready(1'b1),
        .busy(busy));

    // One edge with rst high is enough.
    always @(posedge clk) rst <= 1'b0;

    // The fields of a report: bits of the word as docs/hyperdrive.md says.
    wire [15:0] index = report[15:0];
    wire [7:0] code = report[23:16];
    wire [3:0] operation = report[27:24];
    wire [31:0] cycles = report[63:32];
    wire [31:0] active = report[95:64];
    integer refused = 0;
    always @(posedge clk)
        if (!rst && report_valid) begin
            $display("descriptor %0d: operation %0d, code %0d, %0d cycles, %0d of them active",
                     index, operation, code, cycles, active);
            if (code !== 8'd0) refused = refused + 1;
        end

    // The end: all words have come, and nothing has been under way for a while.
    integer cycle = 0, quiet = 0, limit;
    initial if (!$value$plusargs("limit=%d", limit)) limit = 1000000;
    always @(posedge clk) begin
        cycle <= cycle + 1;
        quiet <= finished && !busy && !report_valid && !results_valid ? quiet + 1 : 0;
        if (quiet == 100 || cycle == limit) begin
            if (cycle == limit) $display("error: not finished after %0d cycles", limit);
            if (cycle != limit && wrong == 0 && refused == 0)
                $display("PASSED: %0d words equal", count);
            else
                $display("FAILED: %0d of %0d words differ, %0d descriptors refused",
                         wrong, count, refused);
            $finish;
        end
    end
endmodule
