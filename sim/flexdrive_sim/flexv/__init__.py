"""Golden models and simulation of Flex-V."""
