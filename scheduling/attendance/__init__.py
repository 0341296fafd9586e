"""Who really met: evidence of a session, the verdict on it, and what follows for the pair.

Everything here decides from what is handed in. ``admission`` makes a report out of what Teams
wrote down, ``reports`` says which session it belongs to, ``verdict`` judges one session by all
of its evidence; ``progress``, ``credit`` and ``groups`` work from verdicts alone.
"""
