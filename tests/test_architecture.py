"""docs/architecture.md, held against the code: what may import what."""

import ast
import functools
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOMES = {"flexdrive": "rtl", "flexdrive_deploy": "deploy", "flexdrive_sim": "sim",
         "flexdrive_cli": "scripts"}
# A package may import those before it.
ORDER = list(HOMES)
# What each may use that is neither ours nor Python's.
FOREIGN = {
    "flexdrive": {"amaranth"},
    "flexdrive_deploy": {"amaranth", "amaranth_boards", "elftools", "filelock", "google",
                         "matplotlib", "numpy", "onnx", "onnxruntime", "ortools",
                         "pythondata_software_picolibc", "rich", "serial"},
}


def _modules():
    found = {}
    for package, home in HOMES.items():
        for file in sorted((ROOT / home / package).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT / home).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = file
    return found


MODULES = _modules()


def _room(module):
    """The package that a module stands in; a package is its own room."""
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


@functools.cache
def _imports(module):
    """Absolute names of what a module imports, at any place in it."""
    found = []
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = _room(module).split(".")
                above = above[:len(above) - node.level + 1]
                base = ".".join(above + ([node.module] if node.module else []))
            for alias in node.names:
                full = f"{base}.{alias.name}"
                found.append(full if full in MODULES else base)
    return found


@pytest.mark.parametrize("package", ORDER)
def test_imports_point_down(package):
    allowed = ORDER[:ORDER.index(package) + 1]
    for module in MODULES:
        if module.partition(".")[0] == package:
            for name in _imports(module):
                top = name.partition(".")[0]
                assert top not in HOMES or top in allowed, f"{module} imports {name}"


@pytest.mark.parametrize("package", FOREIGN)
def test_foreign_packages_are_the_stated_ones(package):
    for module in MODULES:
        if module.partition(".")[0] == package:
            for name in _imports(module):
                top = name.partition(".")[0]
                assert top in HOMES or top in FOREIGN[package] or top in sys.stdlib_module_names, \
                    f"{module} imports {name}"


def _circle(edges):
    """A list of nodes that lead back to the first, or None."""
    state = {}

    def visit(node, path):
        state[node] = "open"
        for other in edges[node]:
            if state.get(other) == "open":
                return [*path[path.index(other):], other] if other in path else [node, other]
            if other not in state:
                found = visit(other, [*path, other])
                if found:
                    return found
        state[node] = "done"
        return None

    for node in list(edges):
        if node not in state:
            found = visit(node, [node])
            if found:
                return found
    return None


def test_modules_do_not_import_each_other_in_a_circle():
    edges = defaultdict(set)
    for module in MODULES:
        for name in _imports(module):
            if name in MODULES and name != module and not module.startswith(name + "."):
                edges[module].add(name)
    assert _circle(edges) is None


def test_rooms_do_not_import_each_other_in_a_circle():
    """Of rooms beside each other; a room and the one that it stands in may share definitions."""
    edges = defaultdict(set)
    for module in MODULES:
        for name in _imports(module):
            if name in MODULES:
                a, b = _room(module), _room(name)
                if a != b and not a.startswith(b + ".") and not b.startswith(a + "."):
                    edges[a].add(b)
    assert _circle(edges) is None


def test_a_circle_would_be_found():
    edges = defaultdict(set, {"a": {"b"}, "b": {"c"}, "c": {"b"}})
    assert _circle(edges) == ["b", "c", "b"]
    assert _circle(defaultdict(set, {"a": {"b", "c"}, "b": {"c"}})) is None
