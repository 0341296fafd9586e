"""Which code may work with which store.

A store carries two numbers. Its *revision* counts the migrations it has seen; its *minimum code
revision* is the oldest code that may still write to it. Code older than the store goes on as
long as the store allows it, so that instances of the last release finish their work while the
next one is being deployed.
"""

from __future__ import annotations

CODE_REVISION = 14
"""The number of migrations this code knows; its tables are those of the last one."""

MINIMUM_CODE_REVISION = 1
"""The oldest code that may write to a store with these tables. Raise it when a migration
changes what older code relies on; leave it when it only adds."""
