"""Which tests share a worker when ``./test`` runs them on both cores.

A file's tests stay together, so that what a module prepares is prepared once. There is one pcscd on a
machine, and one browser at a time is all that two cores draw in good time: tests of either share a worker.
"""

import pytest

SHARED = {"pcscd": "pcscd", "browser": "browser", "chromium": "browser", "page": "browser"}
"""Fixtures that stand for something there is one of, and the name of the group."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        group = next((SHARED[name] for name in fixtures if name in SHARED), str(item.path))
        item.add_marker(pytest.mark.xdist_group(group))
