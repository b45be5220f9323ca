// Block RAM of an ECP5 as yosys uses it; of this cell yosys has no model of its own.
//
// Source: the map that makes it, yosys techlibs/lattice/brams_map_16kd.v; Lattice,
// "ECP5 and ECP5-5G Memory Usage Guide" (FPGA-TN-02204). Clocks that are inverted, output
// registers, chip selects, resets, initial contents and two ports that write are not modelled: lint.py
// refuses them.

module flexdrive_dp16kd #(
	parameter DATA_WIDTH_A = 18,
	parameter DATA_WIDTH_B = 18,
	parameter WRITEMODE_A = "NORMAL",
	parameter WRITEMODE_B = "NORMAL"
) (
	input clka, input cea, input wea, input [13:0] ada, input [17:0] dia, output [17:0] doa,
	input clkb, input ceb, input web, input [13:0] adb, input [17:0] dib, output [17:0] dob
);
	// 512 lines of four bytes of nine bits; widths below nine leave the ninth out.
	reg [35:0] memory [0:511];
	reg [35:0] qa, qb;

	// Bit of the line where a word begins.
	function [5:0] place(input integer width, input [13:0] address);
		case (width)
			36: place = 0;
			18: place = 18 * address[4];
			9: place = 9 * address[4:3];
			4: place = 9 * address[4:3] + 4 * address[2];
			2: place = 9 * address[4:3] + 2 * address[2:1];
			default: place = 9 * address[4:3] + address[2:0];
		endcase
	endfunction

	// Bits of a line that are written; byte enables are in the lowest bits of the address.
	function [35:0] written(input integer width, input [13:0] address);
		case (width)
			36: written = {{9{address[3]}}, {9{address[2]}}, {9{address[1]}}, {9{address[0]}}};
			18: written = {18'b0, {9{address[1]}}, {9{address[0]}}};
			9: written = 36'h1FF;
			4: written = 36'hF;
			2: written = 36'h3;
			default: written = 36'h1;
		endcase
	endfunction

	wire [5:0] pa = place(DATA_WIDTH_A, ada), pb = place(DATA_WIDTH_B, adb);
	wire [35:0] wa = written(DATA_WIDTH_A, ada) << pa, wb = written(DATA_WIDTH_B, adb) << pb;
	wire [35:0] da = {dib, dia} << pa, db = {18'b0, dib} << pb;
	wire [35:0] la = memory[ada[13:5]], lb = memory[adb[13:5]];
	wire [35:0] na = (la & ~wa) | (da & wa), nb = (lb & ~wb) | (db & wb);

	always @(posedge clka) if (cea) begin
		if (wea) memory[ada[13:5]] <= na;
		if (!wea || WRITEMODE_A == "READBEFOREWRITE") qa <= la >> pa;
		else if (WRITEMODE_A == "WRITETHROUGH") qa <= na >> pa;
	end
	always @(posedge clkb) if (ceb) begin
		if (web) memory[adb[13:5]] <= nb;
		if (!web || WRITEMODE_B == "READBEFOREWRITE") qb <= lb >> pb;
		else if (WRITEMODE_B == "WRITETHROUGH") qb <= nb >> pb;
	end
	// A port of 36 bits has both halves of the outputs: only port B reads so.
	assign doa = DATA_WIDTH_B == 36 ? qb[17:0] : qa[17:0];
	assign dob = DATA_WIDTH_B == 36 ? qb[35:18] : qb[17:0];
endmodule
