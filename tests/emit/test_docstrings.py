"""Every component's docstring says its latency in cycles or that it is combinational."""

import importlib
import inspect
import pkgutil
import re

import pytest
from amaranth.lib import wiring

import flexdrive

# Not circuits of their own, with the reason.
EXEMPT = {"flexdrive.emit.Shared": "base class, elaborates nothing"}


def _components():
    for found in pkgutil.walk_packages(flexdrive.__path__, "flexdrive."):
        module = importlib.import_module(found.name)
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, wiring.Component) \
                    and kind.__module__ == found.name:
                yield f"{kind.__module__}.{kind.__qualname__}", kind


COMPONENTS = dict(_components())


def test_the_walk_finds_the_components():
    assert len(COMPONENTS) >= 80
    assert EXEMPT.keys() <= COMPONENTS.keys()


@pytest.mark.parametrize("name", sorted(COMPONENTS.keys() - EXEMPT.keys()))
def test_latency_is_documented(name):
    # Of the class itself: a docstring that is inherited describes something else.
    documented = COMPONENTS[name].__dict__.get("__doc__") or ""
    assert re.search(r"Latency|[Cc]ombinational", documented), name
