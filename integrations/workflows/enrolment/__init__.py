"""Who takes part: rosters, people, programs, and whether accounts still are."""
