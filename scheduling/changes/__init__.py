"""Keeping the series alive: what to do when people, calendars or the program change.

Everything here decides and nothing acts. ``decide.decide`` takes what the store says, what
the organizer's calendar shows, what is known of both people's time and the instant it is,
and answers with decisions: acts as data, each with a reason in plain words, and the
deliberate non-acts beside them. ``remembered.remembered`` says what the store holds once an
act is done.
"""
