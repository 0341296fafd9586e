"""What is shown: each function opens what it needs, calls one workflow and shows what came of it.

Nothing is decided here; what pages do as well stands in ``integrations.workflows``.
"""
