"""What pyproject.toml cannot say: two packages lie in directories of another name."""

from setuptools import find_packages, setup

setup(packages=[
    *(package for root in ("rtl", "deploy", "sim", "scripts")
      for package in find_packages(root, include=["flexdrive*"])),
    # Data for the packages above: sources of Flex-V's run time, the network of the demonstration.
    "flexdrive_firmware", "flexdrive_examples",
])
