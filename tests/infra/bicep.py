"""Reading ``infra/*.bicep``: values by pycep, names by tree-sitter's grammar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import tree_sitter_bicep
from pycep import BicepParser
from tree_sitter import Language, Node, Parser

from tests.project.sources import ROOT

FOLDER = ROOT / "infra"
MODULES = sorted(path.stem for path in FOLDER.glob("*.bicep"))
_DECLARATIONS = frozenset(
    {"parameter_declaration", "variable_declaration", "resource_declaration", "module_declaration"}
    | {"for_statement"}
)
_LOOP = ("loop_variable", "loop_enumerator")
_KEYED = frozenset({"object_property", "output_declaration", "metadata_declaration"})


@dataclass(frozen=True)
class Resource:
    """One resource that a module makes; ``body`` is what stands inside a loop or condition."""

    module: str
    name: str
    type: str
    body: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its properties, empty if it has none."""
        found: Mapping[str, Any] = self.body.get("properties", {})
        return found


@cache
def parsed(module: str) -> Mapping[str, Any]:
    """The whole module, as pycep reads it."""
    text = (FOLDER / f"{module}.bicep").read_text("utf-8")
    found: Mapping[str, Any] = BicepParser().parse(text=text)
    return found


def resources(type_: str | None = None) -> list[Resource]:
    """Every resource that the modules make, or those of one type."""
    return [
        Resource(module, name, found["type"], _inside(found["config"]))
        for module in MODULES
        for name, found in parsed(module).get("resources", {}).items()
        if not found["existing"] and type_ in (None, found["type"])
    ]


def the_only(type_: str) -> Resource:
    """The resource of a type of which there is one."""
    [resource] = resources(type_)
    return resource


def calls() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every use of a module: who uses it, which, and with what parameters."""
    for module in MODULES:
        for found in parsed(module).get("modules", {}).values():
            body = _inside(found["config"])
            yield module, found["detail"]["path"].removesuffix(".bicep"), body["params"]


def _inside(config: Mapping[str, Any]) -> Mapping[str, Any]:
    while "name" not in config:
        config = config["config"]
    return config


def merged(value: Mapping[str, Any]) -> dict[str, Any]:
    """The members of an object, or of all that ``union`` joins, as far as they are written out."""
    function = value.get("function")
    if not isinstance(function, Mapping):
        return dict(value)
    assert function["type"] == "union"
    members: dict[str, Any] = {}
    for argument in function["parameters"].values():
        if isinstance(argument, Mapping):
            members.update(merged(argument))
    return members


@dataclass(frozen=True)
class Names:
    """What a module declares, what it refers to, and which functions it calls."""

    declared: frozenset[str]
    used: frozenset[str]
    called: frozenset[str]
    has_error: bool


@cache
def names(module: str) -> Names:
    """The names in a module, by its grammar."""
    tree = Parser(Language(tree_sitter_bicep.language())).parse(
        (FOLDER / f"{module}.bicep").read_bytes()
    )
    found: dict[str, set[str]] = {"declared": set(), "used": set(), "called": set(), "key": set()}

    def walk(node: Node) -> None:
        children = [child for child in node.named_children if "decorator" not in child.type]
        for position, child in enumerate(children):
            if child.type in ("identifier", *_LOOP):
                found[_part(node, child, position)].add((child.text or b"").decode())
            walk(child)

    walk(tree.root_node)
    return Names(
        frozenset(found["declared"]),
        frozenset(found["used"]),
        frozenset(found["called"]),
        tree.root_node.has_error,
    )


def _part(node: Node, child: Node, position: int) -> str:
    """What a name is there for, by where it stands."""
    if child.type in _LOOP:
        return "declared"
    if position == 0:
        if node.type in _DECLARATIONS:
            return "declared"
        if node.type == "call_expression":
            return "called"
        if node.type in _KEYED:
            return "key"
    return "used"
