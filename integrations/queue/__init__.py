"""Wakes consumers: Azure Storage queues. The store has the work; a message only points to it."""
