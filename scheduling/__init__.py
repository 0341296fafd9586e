"""Decides: cadence, bookable hours, free/busy, slots and placement.

Pure: no input or output, no clock, no environment, no logging.
"""
