"""Quantised networks to C for the Flex-V cluster: layout, memory plan, code."""
