"""Programs for Flex-V: toolchain, ELF files, headers, disassembly."""
