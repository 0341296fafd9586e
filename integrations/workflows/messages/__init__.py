"""What people are told: catalogue, texts, and the way from an act to a row of the outbox."""

from integrations.workflows.messages.comments import Comment, comment_of, comment_text
from integrations.workflows.messages.enqueue import SEND_MAILS, Notice, enqueue

__all__ = ["SEND_MAILS", "Comment", "Notice", "comment_of", "comment_text", "enqueue"]
