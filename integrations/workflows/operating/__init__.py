"""What IT looks after: checks, measures, retention, restoring, taking away."""
