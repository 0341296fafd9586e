"""Goals and aims: what the two write for each other. Nobody else reads it, nothing repeats it."""

from __future__ import annotations

from integrations.errors import Fault, FaultsError
from integrations.language import N_, gettext
from integrations.page_records import Aim, Goal
from integrations.ports import Transaction
from integrations.records import Pair
from integrations.workflows.pair_page.acting import Actor

MOST_CHARACTERS = 500


def set_goal(tx: Transaction, actor: Actor, pair: Pair, text: str) -> None:
    """Keep one's own goal; an empty one is taken away. Raises NotTheirsError, FaultsError."""
    actor.alone(N_("write a goal"))
    text = _checked("goal", text)
    if text:
        tx.goals.put(Goal(pair_id=pair.id, person_id=actor.person_id, text=text))
    else:
        tx.goals.remove(f"{pair.id}/{actor.person_id}")


def set_aim(tx: Transaction, actor: Actor, session_id: str, text: str) -> None:
    """Keep what a date is to be about; either of the two may, and the last word stands.

    Raises:
        NotTheirsError, FaultsError.
    """
    actor.alone(N_("write an aim"))
    text = _checked("aim", text)
    if text:
        tx.aims.put(Aim(session_id=session_id, text=text))
    else:
        tx.aims.remove(session_id)


def _checked(where: str, text: str) -> str:
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(text) > MOST_CHARACTERS:
        raise FaultsError(
            [
                Fault(
                    where,
                    gettext("at most %(most)s characters", most=MOST_CHARACTERS),
                    str(len(text)),
                )
            ]
        )
    return text
