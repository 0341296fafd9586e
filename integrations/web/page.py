"""What a page is: what it declares, what it is handed, and what it may answer with.

A page declares itself as a :class:`Page` and is handed a :class:`Visit`: by then somebody is signed
in, may open it, what its path names exists and belongs together, and a form came from our own
pages. It answers with data, somewhere to go, or a file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from integrations.errors import NotPossibleError
from integrations.page_records import Wave
from integrations.records import Need, Pair, Program, Session
from integrations.web.access import Viewer, Who
from integrations.web.forms import Form
from integrations.workflows.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request, checked.

    ``path`` and ``query`` hold what stands in the address, of a repeated name the last value.
    ``program`` to ``session`` are what the path names; they belong together. On pages of a pair
    ``as_person`` is which of the two the viewer is or, with ``is_assistant``, acts for.
    """

    app: App
    viewer: Viewer
    now: datetime
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)
    program: Program | None = None
    pair: Pair | None = None
    need: Need | None = None
    wave: Wave | None = None
    session: Session | None = None
    as_person: str | None = None
    is_assistant: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """The page with this data; ``template`` and ``title`` stand in for the page's own."""

    data: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    template: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Go:
    """Another page of ours comes next; ``said`` is shown there once."""

    path: str
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A file to keep."""

    body: bytes = field(repr=False)
    media_type: str
    filename: str | None = None


Show: TypeAlias = Callable[[Visit], Awaitable[Shown | Go | Sent]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A form of a page: what its POST does. ``who`` is narrower than the page's, if anything."""

    path: str
    do: Show
    who: Who | None = None
    uploads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its address, whom it is for, what shows it, and the forms it has.

    ``section`` is the menu's item for it.
    """

    path: str
    who: Who
    show: Show
    template: str
    title: str
    section: str = ""
    acts: tuple[Act, ...] = ()


class NoSuchPageError(NotPossibleError):
    """There is nothing at this address for this viewer; they are told no more than that."""


def program_of(visit: Visit) -> Program:
    """The program that the path names, or that of what it names.

    Raises:
        NoSuchPageError: it names none.
    """
    if visit.program is None:
        raise NoSuchPageError("no such program")
    return visit.program


def pair_of(visit: Visit) -> Pair:
    """The pair that the path names.

    Raises:
        NoSuchPageError: it names none.
    """
    if visit.pair is None:
        raise NoSuchPageError("no such pair")
    return visit.pair
