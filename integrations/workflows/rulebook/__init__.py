"""What holds for a program and for a pair of it, and what a change of it would do."""
