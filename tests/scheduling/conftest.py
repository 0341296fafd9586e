"""Hypothesis runs the same examples each time and takes no account of a loaded machine."""

from hypothesis import settings

settings.register_profile(
    "scheduling", derandomize=True, deadline=None, max_examples=50, database=None
)
settings.load_profile("scheduling")
