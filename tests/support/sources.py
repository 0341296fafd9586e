"""Our own sources as trees, for tests that hold them to something."""

from __future__ import annotations

import ast
import gc
from pathlib import Path


def tree_of(path: Path) -> ast.Module:
    """The tree of a source file.

    Without a collection of garbage meanwhile: a finalizer that prints a traceback parses a line of
    source itself, and Python 3.11 takes the outer parsing for broken then (its issue 106905).
    """
    text = path.read_text("utf-8")
    enabled = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        if enabled:
            gc.enable()
