"""Which tests share a worker.

Building an engine takes longer than most tests: what needs the same one runs in the same process,
so that no two workers compile it side by side. Slow groups go first, so that workers end together.
"""

import pytest

# Parameters that say which engine or which emitted files a test needs; equal values in one file
# are the same one.
_ENGINES = ("chip", "chip_name", "mesh", "config", "extensions", "target")


def _group(item):
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    engine = [str(parameters[name]) for name in _ENGINES if name in parameters]
    # Both workers must come to the same groups; where a function stands in memory differs.
    engine = [text for text in engine if " at 0x" not in text]
    alone = [item.nodeid] if item.get_closest_marker("alone") else []
    return " ".join([item.path.stem, *engine, *alone])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    groups = {item: _group(item) for item in items}
    slow = {groups[item] for item in items if item.get_closest_marker("slow")}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: groups[item] not in slow)
