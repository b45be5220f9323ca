"""Synthesis figures of a component with the open tools from PyPI: area by block, clock, critical
path by Python component."""

from .area import GateArea, ecp5_cells, gate_area
from .devices import DEVICES, FLIP_FLOP, Device
from .flow import Routed, Synthesis, place_and_route, synthesise

__all__ = ["DEVICES", "FLIP_FLOP", "Device", "GateArea", "Routed", "Synthesis", "ecp5_cells",
           "gate_area", "place_and_route", "synthesise"]
