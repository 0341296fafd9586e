"""Serves a firm as ``tandem serve --demo`` does, in as much of a hurry as a test is.

    python -m tests.browser.serving FOLDER POLL_SECONDS

``POLL_SECONDS`` is how often it looks for what a test has put into the store beside it. Mails leave
without a pace.
"""

from __future__ import annotations

import sys
from pathlib import Path

from integrations.demo.run import Wish
from integrations.demo.serving import PagesWish, serve_demo

if __name__ == "__main__":
    folder, poll_seconds = sys.argv[1:]
    serve_demo(
        # The folder holds a firm that has lived, so no story is told.
        PagesWish(story=Wish(), port=0),
        Path(folder),
        poll_seconds=poll_seconds,
        mails_per_minute="0",
    )
