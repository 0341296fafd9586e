"""Measures the planner: quality against a proven optimum, speed against an honest baseline."""
