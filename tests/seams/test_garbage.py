"""The collector rests while the app is loaded, and passes over what was loaded afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_BROKEN = """
import gc
from integrations.runtime import loading
try:
    with loading():
        print(gc.isenabled())
        import no_such_module
except ImportError:
    print(gc.isenabled(), gc.get_freeze_count() > 0)
"""
_EASED_LATER = """
import gc
from integrations.runtime import ease_garbage_collection, loading
usual = gc.get_threshold()
with loading():
    pass
print(gc.get_threshold() == usual)
ease_garbage_collection()
print(gc.get_threshold() > usual)
"""
_APP = """
import gc, sys
seen = []
def hear(phase, info):
    if phase == "start" and "azure.functions" in sys.modules:
        seen.append(info["generation"])
gc.callbacks.append(hear)
import function_app
gc.callbacks.remove(hear)
print(len(seen) < 100, gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param(_BROKEN, "False\nTrue True\n", id="looks again where an import fails"),
        pytest.param(_EASED_LATER, "True\nTrue\n", id="looks less often once it is set up"),
        pytest.param(_APP, "True True True\n", id="rests while the app is loaded"),
    ],
)
def test_the_collector(program: str, told: str) -> None:
    run = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == told
