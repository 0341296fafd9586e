"""Alembic's migrations of the program store; started by ``integrations.store.upgrade``."""
