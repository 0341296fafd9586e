"""From planned hours to series in calendars: waves, mailboxes, invitations."""
