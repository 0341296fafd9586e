"""Which workflow does which kind of due work."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from integrations.workflows import book, mailboxes
from integrations.workflows.work import Handler

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {book.KIND: book.book_pair, mailboxes.KIND: mailboxes.check_mailbox}
)
