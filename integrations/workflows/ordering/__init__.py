"""What coordinators and pairs order, and which mails it would cause."""
