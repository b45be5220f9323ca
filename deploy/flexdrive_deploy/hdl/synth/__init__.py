"""Synthesis figures of a component with the open tools from PyPI: area by block, clock, critical
path by Python component."""

from .devices import DEVICES, Device
from .flow import Routed, Synthesis, place_and_route, synthesise

__all__ = ["DEVICES", "Device", "Routed", "Synthesis", "place_and_route", "synthesise"]
