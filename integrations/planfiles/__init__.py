"""Reads and writes planning problems, plans and slots as files, and exported calendars.

The format is independent of Microsoft Graph; the core that plans the files is the
one that plans the live program.
"""
