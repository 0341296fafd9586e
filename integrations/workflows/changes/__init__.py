"""Keeping booked series alive: read a situation, decide in the core, carry out, remember."""
