"""From components to files for other tools: Verilog, packages, macros, synthesis."""
