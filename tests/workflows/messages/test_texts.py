"""The texts keep their rules, and a program's own texts cannot break them."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from importlib.resources import files

import pytest

from integrations.records import Program
from integrations.runtime import Immortal, inline
from integrations.store import SqlStore
from integrations.workflows.messages.catalogue import FIELDS, MESSAGES, Channel
from integrations.workflows.messages.comments import Comment, comment_of, comment_text
from integrations.workflows.messages.texts import (
    TextError,
    check_text,
    examples,
    file_of,
    letter,
    own_texts,
    set_text,
    usual_text,
)
from scheduling.changes.acts import CancelDate, Message
from scheduling.changes.views import CancelCause
from tests.support.world import Empty
from tests.workflows.messages.post import TO_CONTACT, plain

PROGRAM = Program(id="prog", name="Perspectives 2027", zone="America/New_York")
MAILS = [name for name, kind in MESSAGES.items() if kind.channel is Channel.MAIL]
INVITATIONS = [name for name, kind in MESSAGES.items() if kind.channel is Channel.INVITATION]
COMMENTS = [name for name, kind in MESSAGES.items() if kind.channel is Channel.COMMENT]
# Whoever is meant, and why, is nobody's business; nor does anybody beg, blame or rank.
FORBIDDEN = re.compile(
    r"\b(because|unfortunately|sorry|fault|fail\w*|refus\w*|reject\w*|cancelled|miss\w*|busy|"
    r"conflict|late|goal\w*|aim\w*|focus|mentor\w*|mentee\w*|senior|junior|partner\w*|reminder|"
    r"urgent|must|should|not interested|no interest|didn't|score|rank\w*)\b",
    re.IGNORECASE,
)


def _made(name: str) -> list[tuple[str, str]]:
    """Subject and words of a message, with every field known and with as few as possible."""
    letters = [letter(name, PROGRAM, fields) for fields in examples(MESSAGES[name])]
    return [(made.subject, made.body) for made in letters]


@pytest.mark.parametrize("name", MESSAGES)
def test_the_usual_text_fits_its_fields(name: str) -> None:
    check_text(name, usual_text(name))


def test_there_is_a_file_for_each_message_and_no_other() -> None:
    folder = files("integrations") / "texts"
    assert {entry.name for entry in folder.iterdir()} == {file_of(name) for name in MESSAGES}


def test_every_message_of_the_core_is_in_the_catalogue() -> None:
    assert {message.value for message in Message} <= set(MESSAGES)
    assert {comment.value for comment in Comment} == set(COMMENTS)


def test_every_field_of_a_message_has_its_meaning() -> None:
    named = {field for kind in MESSAGES.values() for field in kind.fields}
    assert named == set(FIELDS)


@pytest.mark.parametrize("name", [*MAILS, *COMMENTS, *INVITATIONS])
def test_no_text_blames_gives_reasons_or_speaks_of_goals(name: str) -> None:
    for subject, body in _made(name):
        found = FORBIDDEN.findall(f"{subject} {plain(body)}")
        assert found == []


@pytest.mark.parametrize("name", [name for name in MAILS if name not in TO_CONTACT])
def test_a_mail_names_a_human_contact_and_has_one_link_at_most(name: str) -> None:
    contact = str(FIELDS["contact"].example)
    for _, body in _made(name):
        assert contact in plain(body)
        assert len(re.findall(r"<a\s", body)) <= 1
        assert len(set(re.findall(r"https?://[^\s\"<]+", body))) <= 1


@pytest.mark.parametrize("name", [*INVITATIONS, *(n for n in MAILS if n not in TO_CONTACT)])
def test_a_subject_is_two_family_names(name: str) -> None:
    for subject, _ in _made(name):
        neutral = subject.removeprefix("Check-in: ").removesuffix(": no further dates")
        assert neutral == "Rivera / Stone"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_time_of_day_never_stands_without_its_zone(name: str) -> None:
    zones = r"\d\d:\d\d( to \d\d:\d\d| on)? (New York|London|in London)"
    for _, body in _made(name):
        words = plain(body)
        assert len(re.findall(r"\d\d:\d\d", words)) == len(
            re.findall(r"\d\d:\d\d", "".join(m[0] for m in re.finditer(zones, words)))
        )


def test_comments_hold_no_field_but_the_date_on_which_the_hour_goes_on() -> None:
    used = {field for name in COMMENTS for field in MESSAGES[name].fields}
    assert used == {"resumes_on"}


# --- comments of cancellations -----------------------------------------------------------


@pytest.mark.parametrize("cause", CancelCause)
def test_a_cancellation_has_words_for_each_cause(cause: CancelCause) -> None:
    for replaced in (False, True):
        for resumes_on in (None, date(2027, 4, 3)):
            act = CancelDate("s", cause, replaced=replaced, resumes_on=resumes_on)
            assert comment_of(PROGRAM, act).endswith(".")


def test_a_comment_says_what_replaces_the_date() -> None:
    said = comment_of(PROGRAM, CancelDate("s", CancelCause.SHORT_NOTICE, replaced=True))
    assert "another one follows" in said
    assert "follows" not in comment_of(PROGRAM, CancelDate("s", CancelCause.SHORT_NOTICE))
    paused = CancelDate("s", CancelCause.PAUSED, resumes_on=date(2027, 4, 3))
    assert "3 April 2027" in comment_of(PROGRAM, paused)
    assert "new invitation" in comment_text(PROGRAM, Comment.SERIES_REPLACED)


# --- a program's own texts ---------------------------------------------------------------

OWN = "Subject: {{ names }}\n\n<p>{{ other }} und Sie: {{ when }} entfällt. {{ contact }}</p>"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("hour_is_off", OWN.replace("other", "sponsor"), "sponsor"),
        ("hour_is_off", OWN.replace("{{ contact }}", ""), "the field contact"),
        ("hour_is_off", OWN.replace("{{ when }}", "heute"), "the field when"),
        ("hour_is_off", OWN.replace("Subject: {{ names }}\n\n", ""), "Subject"),
        ("hour_is_off", OWN + "{% if %}", "can be read"),
        ("hour_is_off", OWN + "{{ names.nothing.more }}", "can be filled in"),
        ("hour_is_off", OWN + '<a href="{{ page }}">1</a><a href="{{ page }}">2</a>', "1 link"),
        ("hour_is_off", OWN + "{{ names.__class__.__mro__ }}", "can be filled in"),
        ("hour_is_off", OWN + "x" * 20_000, "10,000"),
        ("cancelled_paused", "Pause.", "the field resumes_on"),
        ("cancelled_left_out", "Siehe https://firm.example", "0 link"),
        ("resumed", "Subject: {{ names }}\n\n{{ contact }} {{ next.upper() }}", "can be filled in"),
        ("greetings", OWN, "one of"),
    ],
)
def test_a_broken_text_is_refused_when_it_is_set(
    empty: Empty, name: str, text: str, expected: str
) -> None:
    store = SqlStore(f"sqlite:///{empty.template}", offload=inline, life=Immortal())
    with pytest.raises(TextError, match=expected):
        asyncio.run(store.run(lambda tx: set_text(tx, "prog", name, text)))


def test_a_program_says_it_in_its_own_words_until_it_takes_them_back() -> None:
    program = Program(id="p", name="P", zone="UTC", links={"texts": {"hour_is_off": OWN}})
    (fields,) = examples(MESSAGES["hour_is_off"])
    made = letter("hour_is_off", program, {**fields, "other": "Sønderby & <Søn>"})
    assert made.subject == "Rivera / Stone"
    assert "entfällt" in made.body
    assert "Sønderby &amp; &lt;Søn&gt;" in made.body
    assert set(own_texts(program)) == {"hour_is_off"}
    assert "entfällt" not in letter("hour_is_off", PROGRAM, fields).body
