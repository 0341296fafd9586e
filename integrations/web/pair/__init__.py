"""The pages of the two people of a pair."""

from __future__ import annotations

from integrations.web.pair import another_time, home, preferences, start, we_met

PAGES = (*home.PAGES, *another_time.PAGES, *preferences.PAGES, *start.PAGES, *we_met.PAGES)
