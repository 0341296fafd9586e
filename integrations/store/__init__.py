"""The program store: tables, migrations and repositories over SQLite and PostgreSQL.

:class:`~integrations.store.store.SqlStore` implements ``integrations.ports.Store``;
:func:`~integrations.store.upgrade.upgrade` creates a store and brings it to this code's tables.
"""

from integrations.store.revision import CODE_REVISION, MINIMUM_CODE_REVISION
from integrations.store.store import SqlStore
from integrations.store.upgrade import upgrade

__all__ = ["CODE_REVISION", "MINIMUM_CODE_REVISION", "SqlStore", "upgrade"]
