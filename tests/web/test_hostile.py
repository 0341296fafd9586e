"""What Hypothesis makes up comes to every door that is open: none answers with a fault."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from integrations.web.forms import MOST_BYTES, MOST_FIELDS, Form, FormError, read_form
from integrations.workflows.attendance.links import PATH, PersonalLinks
from tests.support.hostile import BOUNDED, made_up, texts
from tests.support.world import Empty, firm_of, virtually
from tests.web.hooks import STATE, begin_hooks, change
from tests.web.support import KEYS, ORIGIN, Visitor
from tests.web.test_notices import ANYTHING

MOST = 512
LINK = "link-1"
PLAIN, FILES = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"


# --- forms --------------------------------------------------------------------------------

_NAMED = st.lists(st.tuples(texts(20), texts(80)), max_size=8)
_PARTS = st.lists(
    st.sampled_from(
        [
            b"--b\r\n",
            b"--b--\r\n",
            b"\r\n\r\n",
            b"Content-Disposition: form-data; name=",
            b'"x"; filename="../../y"\r\n',
            b"Content-Type: text/csv; charset=nonsense\r\n",
        ]
    )
    | st.binary(max_size=40),
    max_size=12,
).map(b"".join)
_BODIES = (
    _NAMED.map(lambda f: urlencode(f, errors="replace").encode()) | _PARTS | st.binary(max_size=900)
)


def _brought(kind: str, pieces: list[bytes], *, uploads: bool, most: int = MOST) -> Form:
    messages = [
        *({"type": "http.request", "body": piece, "more_body": True} for piece in pieces),
        {"type": "http.request", "body": b"", "more_body": False},
    ]
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    headers = [(b"content-type", kind.encode("latin-1", "replace"))]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    return asyncio.run(read_form(Request(scope, receive), uploads=uploads, most_bytes=most))


@BOUNDED
@given(
    st.sampled_from([PLAIN, FILES, "multipart/form-data", "text/plain"]) | st.text(max_size=30),
    st.lists(_BODIES, max_size=3),
    st.booleans(),
)
def test_a_body_is_a_bounded_form_or_refused(kind: str, pieces: list[bytes], uploads: bool) -> None:
    try:
        form = _brought(kind, pieces, uploads=uploads)
    except FormError as error:
        form, status = Form(), error.status
    else:
        status = 200
    assert status in {200, 400, 413, 415}
    sent = sum(map(len, pieces))
    assert uploads or sent <= MOST or not form.fields
    said = [text for name, values in form.fields.items() for text in (name, *values)]
    assert not any("\x00" in text for text in said)
    kept = sum(len(text) for text in said) + sum(len(one.data) for one in form.files.values())
    assert kept <= 4 * sent


@pytest.mark.parametrize("uploads", [False, True])
def test_thousands_of_fields_are_refused_in_few_bytes(uploads: bool) -> None:
    """Each costs far more than its bytes; as many as a page of coordinators has are taken."""

    def form(fields: int) -> tuple[str, bytes]:
        if not uploads:
            return "application/x-www-form-urlencoded", b"a=1&" * fields
        part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        return "multipart/form-data; boundary=x", part * fields + b"--x--\r\n"

    kind, body = form(MOST_FIELDS)
    assert len(_brought(kind, [body], uploads=uploads, most=MOST_BYTES).fields["a"]) == MOST_FIELDS
    kind, body = form(MOST_FIELDS + 1)
    with pytest.raises(FormError) as refusal:
        _brought(kind, [body], uploads=uploads, most=MOST_BYTES)
    assert refusal.value.status == 400


# --- signed links -------------------------------------------------------------------------


@BOUNDED
@given(texts(60), st.integers(0, len(LINK) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_only_what_was_signed_is_a_link(text: str, at: int, other: str) -> None:
    links = PersonalLinks(ORIGIN, (KEYS,))
    token = links.url(LINK).rpartition("/")[2]
    assert links.read(token) == LINK
    assert links.read(text) is None
    assert links.read(f"{LINK}.{text}") is None
    spoilt = token[:at] + other + token[at + 1 :]
    assert spoilt == token or links.read(spoilt) is None


@virtually
async def test_a_link_that_nobody_signed_leads_to_a_page_that_says_so(empty: Empty) -> None:
    world = empty.world(firm_of(1))
    app = await world.begin(public_url=ORIGIN, signing_keys=KEYS)
    visitor = Visitor(app)
    for token, field, value in made_up(st.tuples(texts(80), texts(20), texts())):
        path = f"{PATH}/{quote(token.encode(errors='replace'), safe='')}"
        answers = [await visitor.get(path), await visitor.post(path, {field: value})]
        assert {answer.status_code for answer in answers} <= {307, 400, 404, 405}, path
    await app.close()


# --- the webhook --------------------------------------------------------------------------


def _noticed(inner: Any) -> dict[str, Any]:
    """An entry of a subscription of ours in which anything stands anywhere."""
    return change(**inner)


_ENTRIES = ANYTHING | st.dictionaries(
    st.sampled_from(["subscriptionId", "clientState", "resourceData", "resource", "changeType"]),
    ANYTHING | st.just(STATE),
    max_size=2,
).map(_noticed)
_POSTS = (
    st.lists(_ENTRIES, max_size=5).map(lambda entries: json.dumps({"value": entries}).encode())
    | ANYTHING.map(lambda one: json.dumps(one).encode())
    | st.binary(max_size=200)
    | st.integers(1, 3000).map(lambda deep: b'{"value":' + b"[" * deep + b"]" * deep + b"}")
)


@virtually
async def test_whatever_is_posted_to_the_webhook_makes_nothing_due_but_what_is_ours(
    empty: Empty,
) -> None:
    hooks = await begin_hooks(empty)
    known = await hooks.due()
    met = set()
    for body in made_up(_POSTS):
        answer = await hooks.send(body)
        met.add(answer.status_code)
        assert answer.text == ""
    assert met == {202, 400}
    made = set(await hooks.due()) - set(known)
    assert {subject for _, subject in made} <= {"p1", "p2", "p3", "box", "box2"}
