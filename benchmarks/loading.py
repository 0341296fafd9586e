"""How long the app takes to load, against the packages that it cannot do without.

The host loads ``function_app.py`` on every new instance, before anything is answered. Measured is
processor time in processes of their own: once the app, once nothing but the modules of others that
it loaded, in the same order. The ratio says what our own modules add; the slowest are named.

    python -m benchmarks.loading [--runs 5]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
MOST = 1.5
"""What the app may take, in times of its bare imports."""
_OURS = ("function_app", "integrations", "scheduling")
_TIMED = """
import resource, sys
before = set(sys.modules)
{imports}
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
print(*[name for name in sys.modules if name not in before])
"""
_BARE = """
import importlib
for name in {names!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
"""


def measured(imports: str) -> tuple[float, list[str]]:
    """Processor seconds of a process that imports this, and the modules it loaded, in order."""
    run = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-W", "ignore", "-c", _TIMED.format(imports=imports)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, modules = run.stdout.split("\n")[:2]
    return float(seconds), modules.split()


def is_ours(module: str) -> bool:
    """Whether it is a module of this project."""
    return module.partition(".")[0] in _OURS


def ratio(runs: int) -> tuple[float, float, float]:
    """Seconds of the app, of its bare imports, and how many times the one is the other.

    What Python itself takes to start is in neither.
    """
    empty = median(measured("")[0] for _ in range(runs))
    _, modules = measured("import function_app")
    bare = _BARE.format(names=[name for name in modules if not is_ours(name)])
    # In turn, so that a machine that slows down slows both.
    pairs = [(measured("import function_app")[0], measured(bare)[0]) for _ in range(runs)]
    app = median(seconds for seconds, _ in pairs) - empty
    others = median(seconds for _, seconds in pairs) - empty
    return app, others, app / others


def slowest(count: int) -> list[tuple[int, str]]:
    """Our modules that take longest by themselves, in microseconds."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-X", "importtime", "-c", "import function_app"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.removeprefix("import time:").split("|") for line in run.stderr.splitlines()]
    own = [
        (int(cells[0]), cells[2].strip())
        for cells in lines
        if len(cells) == 3 and cells[0].strip().isdigit() and is_ours(cells[2].strip())
    ]
    return sorted(own, reverse=True)[:count]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the ratio; 1 if it is more than it may be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading")
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args(arguments).runs
    app, others, times = ratio(runs)
    print(f"app {app:.2f} s, bare imports {others:.2f} s of processor time (median of {runs})")
    print(f"{times:.2f} times its bare imports, {MOST} at most")
    for microseconds, module in slowest(5):
        print(f"  {microseconds / 1000:6.1f} ms  {module}")
    return int(times > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
