"""Every public name of the product and the simulated tenant says what it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import integrations.ports as ports
from tests.docs.pages import ROOT

MODULES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for folder in ("scheduling", "integrations", "simulator")
    for path in (ROOT / folder).rglob("*.py")
    if "versions" not in path.parts and path.name not in ("env.py", "__main__.py")
)
_Def = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_has_a_docstring(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} does not say what it is for"
    tree = ast.parse(inspect.getsource(module))
    silent = {path for path in _public(tree, "") if not _is_documented(module, path)}
    assert silent == set()


def _public(node: ast.AST, path: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Def) and not child.name.startswith("_"):
            yield f"{path}{child.name}"
            if isinstance(child, ast.ClassDef):
                yield from _public(child, f"{path}{child.name}.")


def _is_documented(module: ModuleType, path: str) -> bool:
    owner: Any = module
    found: Any = module
    for part in path.split("."):
        owner, found = found, inspect.getattr_static(found, part)
    found = found.__func__ if isinstance(found, classmethod | staticmethod) else found
    own = found.fget if isinstance(found, property) else found
    if inspect.getdoc(own) or not isinstance(owner, type):
        return bool(inspect.getdoc(own))
    name = path.rsplit(".", 1)[-1]
    return _inherited(owner, name) or _promised(owner, name) or _hands_out_what_is_documented(own)


def _inherited(owner: type, name: str) -> bool:
    """Whether a base says it, for example one of a library that calls the method."""
    return any(inspect.getdoc(vars(base)[name]) for base in owner.__mro__[1:] if name in vars(base))


def _promised(owner: type, name: str) -> bool:
    """Whether the port that the class says it implements says it."""
    words = inspect.getdoc(owner) or ""
    return any(
        inspect.getdoc(getattr(port, name, None))
        for port_name, port in vars(ports).items()
        if f"`integrations.ports.{port_name}`" in words and hasattr(port, name)
    )


def _hands_out_what_is_documented(function: Any) -> bool:
    """Whether a promise of ``ports`` hands out one of the others, which says it itself."""
    if not getattr(function, "__module__", "").startswith(f"{ports.__name__}."):
        return False
    returned = typing.get_type_hints(function).get("return")
    return isinstance(returned, type) and bool(returned.__doc__)
