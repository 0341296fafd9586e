"""Free/busy over scripted answers: whatever is odd blocks, and spoils nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.errors import ThrottledError, UnreachableError
from integrations.ports import Unreadable
from tests.graph.world import (
    CANARY,
    MAILBOX,
    START,
    World,
    entry,
    graph_error,
    in_world,
    span,
    utc,
)

PATH = f"/users/{MAILBOX}/calendar/getSchedule"
ADA, MAX = "ada@firm.example", "max@firm.example"
TEN, ELEVEN = datetime(2026, 9, 8, 10, tzinfo=UTC), datetime(2026, 9, 8, 11, tzinfo=UTC)
WEEK = span(START, 7)


def reading(tmp_path: Path, *entries: dict[str, Any]) -> dict[str, Any]:
    """What is read of Ada and Max when the answer has these entries."""

    async def scenario(world: World) -> dict[str, Any]:
        world.router.post(PATH).respond(200, json={"value": list(entries)})
        return dict(await world.graph.free_busy.read(MAILBOX, [ADA, MAX], [WEEK]))

    return in_world(tmp_path, scenario)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("Busy", "busy"),
        ("OOF", "oof"),
        ("workingElsewhere", "workingelsewhere"),
        ("free", "free"),
        ("unknown", "unknown"),
        ("commuting", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_status_nobody_knows_becomes_unknown(tmp_path: Path, told: str, read: str) -> None:
    schedules = reading(tmp_path, entry(ADA, (TEN, ELEVEN, told)), entry(MAX))[ADA]
    assert [item.status for item in schedules[0].items] == [read]


def test_titles_places_and_private_flags_are_dropped(tmp_path: Path) -> None:
    read = reading(tmp_path, entry(ADA, (TEN, ELEVEN, "busy")), entry(MAX))
    assert CANARY not in repr(read)
    assert "rivate" not in repr(read)


def test_addresses_are_matched_without_regard_to_case_or_order(tmp_path: Path) -> None:
    read = reading(tmp_path, entry("MAX@firm.example"), entry("Ada@Firm.Example"))
    assert all(isinstance(found, tuple) for found in read.values())


def test_somebody_missing_from_the_answer_is_unreadable(tmp_path: Path) -> None:
    read = reading(tmp_path, entry(MAX))
    assert isinstance(read[ADA], Unreadable)
    assert isinstance(read[MAX], tuple)


@pytest.mark.parametrize(
    "broken",
    [
        {"scheduleItems": [{"status": "busy", "start": utc(TEN)}]},
        {"scheduleItems": [{"status": "busy", "start": utc(TEN), "end": "soon"}]},
        {
            "scheduleItems": [
                {
                    "start": {"dateTime": "2026-09-08T10:00:00", "timeZone": "tzone://Custom"},
                    "end": utc(ELEVEN),
                }
            ]
        },
        {"availabilityView": None, "scheduleItems": None},
    ],
)
def test_an_entry_that_makes_no_sense_is_unreadable_and_spoils_nobody(
    tmp_path: Path, broken: dict[str, Any]
) -> None:
    read = reading(tmp_path, {**entry(ADA), **broken}, entry(MAX))
    assert isinstance(read[ADA], Unreadable)
    assert isinstance(read[MAX], tuple)


def test_digits_without_items_are_handed_on(tmp_path: Path) -> None:
    digits_only = {"scheduleId": ADA, "availabilityView": "0212"}
    (schedule,) = reading(tmp_path, digits_only, entry(MAX))[ADA]
    assert (schedule.digits, schedule.items, schedule.hours) == ("0212", (), None)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ErrorMailRecipientNotFound", "unknown_mailbox"),
        ("5009", "unknown_mailbox"),
        ("ErrorNoFreeBusyAccess", "forbidden"),
        ("MailboxNotEnabledForRESTAPI", "no_mailbox"),
        ("ErrorMailboxMoveInProgress", "unavailable"),
        (None, "unavailable"),
    ],
)
def test_an_entrys_error_becomes_a_reason_code(
    tmp_path: Path, code: str | None, reason: str
) -> None:
    failed = {"scheduleId": ADA, "error": {"message": CANARY, "responseCode": code}}
    read = reading(tmp_path, failed, entry(MAX))
    assert read[ADA] == Unreadable(reason)
    assert isinstance(read[MAX], tuple)


def test_a_zone_of_their_own_making_in_hours_is_not_believed(tmp_path: Path) -> None:
    hours = {
        "daysOfWeek": ["Monday", "friday"],
        "startTime": "08:30:00.0000000",
        "endTime": "17:00:00.0000000",
        "timeZone": {
            "@odata.type": "#microsoft.graph.customTimeZone",
            "name": "Customized Time Zone",
            "bias": -60,
        },
    }
    read = reading(tmp_path, entry(ADA, workingHours=hours), entry(MAX))[ADA][0].hours
    assert (read.zone, read.weekdays) == (None, ("monday", "friday"))
    assert f"{read.start:%H:%M} {read.end:%H:%M}" == "08:30 17:00"


def of_forty(world: World) -> Awaitable[dict[str, Any]]:
    mails = [f"p{n}@firm.example" for n in range(40)]
    return world.graph.free_busy.read(MAILBOX, mails, [WEEK])


def answering(second: httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    """Entries for the first twenty people; ``second`` for the others."""

    def answer(request: httpx.Request) -> httpx.Response:
        if b"p20@" not in request.content:
            everybody = [entry(f"p{n}@firm.example") for n in range(20)]
            return httpx.Response(200, json={"value": everybody})
        if isinstance(second, Exception):
            raise second
        return second

    return answer


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (httpx.Response(403, json=graph_error("ErrorAccessDenied")), "reader_forbidden"),
        (httpx.Response(400, json=graph_error("ErrorMailboxDataArrayTooBig")), "unavailable"),
        (httpx.Response(503, html="<html>no</html>"), "unavailable"),
        (httpx.Response(200, html="<html>proxy</html>"), "unavailable"),
        (httpx.ReadTimeout("lost"), "unreachable"),
    ],
)
def test_a_call_that_fails_makes_its_people_unreadable_and_the_others_are_read(
    tmp_path: Path, second: httpx.Response | Exception, reason: str
) -> None:
    async def scenario(world: World) -> None:
        world.router.post(PATH).mock(side_effect=answering(second))
        read = await of_forty(world)
        assert {read[f"p{n}@firm.example"] for n in range(20, 40)} == {Unreadable(reason)}
        assert all(isinstance(read[f"p{n}@firm.example"], tuple) for n in range(20))

    in_world(tmp_path, scenario)


def test_a_long_throttle_makes_nobody_known(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        slow = httpx.Response(
            429, json=graph_error("ApplicationThrottled"), headers={"Retry-After": "120"}
        )
        world.router.post(PATH).mock(side_effect=answering(slow))
        with pytest.raises(ThrottledError) as caught:
            await of_forty(world)
        assert caught.value.retry_after == timedelta(seconds=120)

    in_world(tmp_path, scenario)


def test_a_server_that_answers_nobody_is_one_clear_error(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(PATH).mock(side_effect=httpx.ConnectError("refused"))
        with pytest.raises(UnreachableError):
            await of_forty(world)

    in_world(tmp_path, scenario)


def test_a_window_of_62_days_is_refused_before_it_is_asked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(ValueError, match="62 days"):
            await world.graph.free_busy.read(MAILBOX, [ADA], [span(START, 62)])
        assert world.sent == []

    in_world(tmp_path, scenario)


def test_an_address_asked_twice_is_read_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.router.post(PATH).respond(200, json={"value": [entry(ADA)]})
        read = await world.graph.free_busy.read(MAILBOX, [ADA, ADA], [WEEK])
        assert list(read) == [ADA]
        assert world.sent[0][1].content.count(ADA.encode()) == 1

    in_world(tmp_path, scenario)
