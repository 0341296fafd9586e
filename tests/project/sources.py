"""The project's own source text, for tests about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.sources import tree_of

ROOT = Path(__file__).parents[2]
PRODUCT = ("scheduling", "integrations", "simulator")


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module below ``folders`` (and ``function_app``): its path from the root, its tree."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    for path in [*paths, ROOT / "function_app.py"]:
        yield path.relative_to(ROOT).as_posix(), tree_of(path)


def names_used(tree: ast.Module) -> set[str]:
    """Dotted names as they are resolved by the module's own imports, e.g. ``os.environ``."""
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                imported[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    used = set(imported.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (dotted := _dotted(node)) is not None:
            first, _, rest = dotted.partition(".")
            used.add(f"{imported.get(first, first)}.{rest}")
    return used


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (value := _dotted(node.value)) is not None:
        return f"{value}.{node.attr}"
    return None


def users_of(*names: str) -> set[str]:
    """The product's modules that use one of these dotted names."""
    return {path for path, tree in modules(*PRODUCT) if names_used(tree) & set(names)}
