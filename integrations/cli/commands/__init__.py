"""What is typed: each command reads its arguments and calls one function of ``answers``.

Only what is typed stands here, so that a command that plans files does not load what speaks to
the tenant: answers are imported when they are wanted.
"""
