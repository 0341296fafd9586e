"""Every page and act is asked for nonsense by somebody who may open it: no answer is a fault."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from urllib.parse import quote

import httpx

from integrations.web.app import pages
from integrations.workflows.app import App
from tests.support.hostile import made_up, texts
from tests.support.world import Empty
from tests.web.support import KEYS, ORIGIN, Visitor, signed_in, staff
from tests.workflows.changes.stage import Stage, on_stage

NONSENSE = (
    "",
    "0",
    "-1",
    "999999999999999999999999",
    "1e309",
    "NaN",
    "2027-02-30",
    "0000-00-00",
    "9999-12-31T23:59:59+23:59",
    "9999-12-31",
    "0001-01-01",
    "25:61",
    "../../etc/passwd",
    "'; DROP TABLE pairs; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "\x00",
    "\ud7ff\U0001f600",
    "a" * 5_000,
    "[]",
    '{"a": {"b": []}}',
    "%ff%fe",
)
A_WHILE = timedelta(minutes=2)
"""After which nobody is told to wait any more."""


def _filled(template: str, known: dict[str, str], chance: random.Random) -> str:
    """The path with ids that exist, but for some; nonsense in their place has no slash."""

    def one(found: re.Match[str]) -> str:
        name = found[1].partition(":")[0]
        if name in known and chance.random() < 0.8:
            return known[name]
        return quote(chance.choice(NONSENSE).replace("/", "") or "x", safe="")

    return re.sub(r"\{([^}]+)\}", one, template)


def _fields(html: str) -> set[str]:
    return set(re.findall(r'\bname="([^"]+)"', html))


async def _asked(
    visitor: Visitor, known: dict[str, str], chance: random.Random, values: Sequence[str]
) -> Iterator[tuple[str, httpx.Response]]:
    answers: list[tuple[str, httpx.Response]] = []
    for page in pages():
        path = _filled(page.path, known, chance)
        query = "&".join(
            f"{name}={quote(chance.choice(values), safe='')}"
            for name in ("page", "q", "at", "date", "act", "next", "state", "lang")
        )
        plain = await visitor.get(_filled(page.path, known, random.Random(0)))
        answers += [
            (f"GET {page.path}", plain),
            (f"GET {page.path}", await visitor.get(f"{path}?{query}")),
        ]
        for act in page.acts:
            for fields in (_fields(plain.text), {"date", "start", "until", "yes", "act", "note"}):
                form = {name: chance.choice(values) for name in sorted(fields)}
                where = _filled(act.path, known, chance)
                answers.append((f"POST {act.path}", await visitor.post(where, form)))
        await visitor.app.clock.sleep(A_WHILE)
    return iter(answers)


async def _known(stage: Stage, app: App) -> dict[str, str]:
    pair_id = await stage.pair_id()
    pair = await stage.read(lambda tx: tx.pairs.require(pair_id))
    date = (await stage.dates())[0]
    return {
        "program": pair.program_id,
        "pair": pair.id,
        "session": date.id,
        "person": pair.mentor_id,
    }


def test_no_nonsense_is_answered_by_a_fault(empty: Empty) -> None:
    """By somebody who is coordinator, administrator and one of the pair, in that one session."""

    async def play(stage: Stage) -> None:
        app = await stage.world.begin(public_url=ORIGIN, signing_keys=KEYS)
        known = await _known(stage, app)
        person = await stage.read(lambda tx: tx.participants.require(known["person"]))
        await staff(app, known["program"], person.directory_id)
        # Surrogates are no text; a browser sends a question mark in their place.
        values = [text.encode(errors="replace").decode() for text in (*NONSENSE, *made_up(texts()))]
        visitor = await signed_in(
            app, person.directory_id, mail=person.mail, name=person.name, administrator=True
        )
        answers = list(await _asked(visitor, known, random.Random(7), values))
        faults = sorted({f"{what}: {a.status_code}" for what, a in answers if a.status_code >= 500})
        assert faults == []
        # Enough of it went past the sign-in, the roles and the ids.
        assert sum(answer.status_code in (200, 303) for _, answer in answers) > len(pages())
        await app.close()

    on_stage(empty, play)
