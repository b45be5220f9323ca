"""C and assembly that runs on Flex-V: run time, headers, linker script."""
