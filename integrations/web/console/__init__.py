"""The coordinator's console: one page, one module."""
