"""Finding out what changed: sweeps, watches, notifications."""
