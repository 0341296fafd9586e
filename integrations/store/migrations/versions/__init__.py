"""One module per migration, in order; each states what it changes and why."""
