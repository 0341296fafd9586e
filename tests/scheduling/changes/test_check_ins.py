"""Which invitations to check-ins are made, moved and called off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.changes.check_ins import (
    AHEAD,
    CallOff,
    CheckIn,
    CheckInStep,
    GuestState,
    Invite,
    Invited,
    MoveInvitation,
    check_in_steps,
)
from scheduling.timespan import TimeSpan

NOW = datetime(2027, 2, 17, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIRA, THEO = "mira@firm.example", "theo@firm.example"


def one(days: float = 7, *, session: str = "p.4", who: str = MIRA, event: str = "1") -> CheckIn:
    start = NOW + days * DAY
    return CheckIn(session, TimeSpan(start, start + HOUR), who, event)


def kept(check_in: CheckIn, state: GuestState = GuestState.INVITED) -> Invited:
    return Invited(check_in, state)


def test_the_contact_is_invited_two_weeks_before() -> None:
    far, near = one(14.01), one(14)
    assert check_in_steps([far], [], NOW) == ()
    assert check_in_steps([near], [], NOW) == (Invite(near),)
    assert check_in_steps([near], [kept(near)], NOW) == ()


def test_an_invitation_follows_its_date_however_far_it_moves() -> None:
    was, now_at = one(3), one(30)
    assert check_in_steps([now_at], [kept(was)], NOW) == (MoveInvitation(kept(was), now_at.span),)


@pytest.mark.parametrize(
    "wanted",
    [(), (one(7, who=THEO),), (one(7, event="1/single"),)],
    ids=["the date is gone", "somebody else is the contact", "the pair meets in another event"],
)
def test_it_is_called_off_before_anything_else(wanted: Sequence[CheckIn]) -> None:
    invited = kept(one(7))
    assert check_in_steps(wanted, [invited], NOW) == (CallOff(invited),)
    called_off = replace(invited, state=GuestState.CALLED_OFF)
    assert check_in_steps(wanted, [called_off], NOW) == tuple(map(Invite, wanted))


@pytest.mark.parametrize("wanted", [(), (one(9),), (one(7, event="2"),)])
def test_what_somebody_did_to_an_invitation_stands(wanted: Sequence[CheckIn]) -> None:
    assert check_in_steps(wanted, [kept(one(7), GuestState.LEFT)], NOW) == ()


def test_what_one_contact_did_says_nothing_of_the_next() -> None:
    wanted = one(7, who=THEO)
    assert check_in_steps([wanted], [kept(one(7), GuestState.LEFT)], NOW) == (Invite(wanted),)


def test_no_invitation_to_a_date_that_has_begun_is_changed() -> None:
    begun = one(0)
    assert check_in_steps([begun], [], NOW) == ()
    assert check_in_steps([], [kept(begun)], NOW) == ()
    assert check_in_steps([one(2)], [kept(begun)], NOW) == (Invite(one(2)),)


CHECK_INS = st.builds(
    one,
    st.floats(-20, 40, allow_nan=False),
    session=st.sampled_from(["p.1", "p.2", "p.3"]),
    who=st.sampled_from([MIRA, THEO]),
    event=st.sampled_from(["1", "2"]),
)
WANTED = st.lists(CHECK_INS, unique_by=lambda c: c.session_id)
KNOWN = st.lists(
    st.builds(kept, CHECK_INS, st.sampled_from(GuestState)),
    unique_by=lambda i: i.check_in.session_id,
)


def done(step: CheckInStep) -> Invited:
    match step:
        case Invite(check_in):
            return kept(check_in)
        case MoveInvitation(invited, to):
            return replace(invited, check_in=replace(invited.check_in, span=to))
        case CallOff(invited):
            return replace(invited, state=GuestState.CALLED_OFF)


@given(WANTED, KNOWN)
def test_it_comes_to_rest_with_one_invitation_for_each_date_wanted_soon(
    wanted: list[CheckIn], known: list[Invited]
) -> None:
    """Two rounds at most; then whoever is wanted within two weeks is invited to where it is."""
    for _ in range(2):
        steps = check_in_steps(wanted, known, NOW)
        assert len({done(step).check_in.session_id for step in steps}) == len(steps)
        after = {i.check_in.session_id: i for i in (*known, *map(done, steps))}
        known = list(after.values())
    assert check_in_steps(wanted, known, NOW) == ()
    standing = {i.check_in.session_id: i.check_in for i in known if i.state is GuestState.INVITED}
    left = {i.check_in.session_id for i in known if i.state is GuestState.LEFT}
    for check_in in wanted:
        if check_in.session_id not in left and NOW < check_in.span.start <= NOW + AHEAD:
            assert standing[check_in.session_id] == check_in
    assert {s for s, c in standing.items() if c.span.start > NOW} <= {c.session_id for c in wanted}
