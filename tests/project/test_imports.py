"""No module imports itself by way of others, not even for its types or inside a function."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

_PACKAGES = ("scheduling", "integrations", "simulator")


def imports() -> dict[str, set[str]]:
    """Which modules of the project each of them imports."""
    graph = grimp.build_graph(*_PACKAGES, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_modules_can_be_read_one_after_the_other() -> None:
    order = list(TopologicalSorter(imports()).static_order())
    assert order.index("simulator.services") < order.index("simulator.tenant")


def test_a_circle_would_be_seen() -> None:
    with_circle = imports()
    with_circle["simulator.services"] |= {"simulator.tenant"}
    with pytest.raises(CycleError):
        list(TopologicalSorter(with_circle).static_order())
