"""One chip with both machines: a Flex-V core beside Hyperdrive."""
