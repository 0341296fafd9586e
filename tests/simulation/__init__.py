"""Simulation testing: whole lives of firms under faults, judged by an oracle of its own."""
