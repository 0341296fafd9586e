"""Query options and preferences, as far as this tenant reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from simulator.errors import GraphError, NotSimulatedError, invalid_request, unknown_zone
from simulator.zones import UnknownZoneError, zone_sent

_CLAUSE = re.compile(r"^\(*\s*([A-Za-z/]+)\s+eq\s+'((?:[^']|'')*)'\s*\)*$", re.IGNORECASE)
_IN = re.compile(r"^\(*\s*([A-Za-z]+)\s+in\s*\((.*)\)\s*\)*$", re.IGNORECASE)
_ANY = re.compile(
    r"^\s*singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*\1/id\s+eq\s+'((?:[^']|'')*)'"
    r"\s+and\s+\1/value\s+eq\s+'((?:[^']|'')*)'\s*\)\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Preferences:
    """The ``Prefer`` header; ``honoured`` is what ``Preference-Applied`` repeats."""

    immutable_ids: bool = False
    zone: str = ""
    text_body: bool = False
    page_size: int | None = None
    honoured: tuple[str, ...] = ()

    @classmethod
    def read(cls, header: str) -> Preferences:
        """What a header asks for; what nobody knows is passed over.

        Raises:
            GraphError: 400, a zone Exchange does not know.
        """
        found: dict[str, str] = {}
        honoured = []
        for part in re.findall(r'[^,"]+(?:"[^"]*")?[^,"]*', header):
            name, _, value = part.strip().partition("=")
            found[name.strip().lower()] = value.strip().strip('"')
            if name.strip().lower() in ("idtype", "outlook.timezone", "outlook.body-content-type"):
                honoured.append(part.strip())
        zone = found.get("outlook.timezone", "")
        if zone:
            try:
                zone_sent(zone)
            except UnknownZoneError:
                raise unknown_zone(zone) from None
        size = found.get("odata.maxpagesize", "")
        return cls(
            immutable_ids=found.get("idtype", "").lower() == "immutableid",
            zone=zone,
            text_body=found.get("outlook.body-content-type", "").lower() == "text",
            page_size=int(size) if size.isdigit() else None,
            honoured=tuple(honoured),
        )


def read_query(text: str) -> dict[str, str]:
    """Options by name in lower case, decoded once."""
    return {name.lower(): value for name, value in parse_qsl(text, keep_blank_values=True)}


def whole_number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A numeric option between 1 (``$skip``: 0) and ``most``.

    Raises:
        GraphError: 400, it is none.
    """
    text = query.get(name)
    if text is None:
        return default
    low = 0 if name == "$skip" else 1
    if not text.isdigit() or not low <= int(text) <= most:
        raise invalid_request(f"{name} has to be a number from {low} to {most}.")
    return int(text)


def selected(query: Mapping[str, str]) -> frozenset[str]:
    """Names in ``$select``; empty where it is left out."""
    text = query.get("$select", "")
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def instant(query: Mapping[str, str], name: str) -> datetime:
    """A bound of a time window: its offset is honoured, without one it is UTC.

    Raises:
        GraphError: 400, it is missing or no time.
    """
    text = query.get(name.lower())
    if not text:
        raise GraphError(
            400,
            "ErrorInvalidParameter",
            "This request requires a time window specified by the query string parameters "
            "StartDateTime and EndDateTime.",
        )
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise GraphError(400, "ErrorInvalidParameter", f"{name} is no time.") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expansion:
    """``$expand`` of an event."""

    extended: tuple[str, ...] | None = None
    exceptions: bool = False
    exception_select: frozenset[str] = field(default_factory=frozenset)


def expanded(query: Mapping[str, str]) -> Expansion:
    """What ``$expand`` asks for.

    Raises:
        NotSimulatedError: 400, it names something else.
    """
    extended: tuple[str, ...] | None = None
    exceptions, chosen = False, frozenset[str]()
    for part in _split_outside_brackets(query.get("$expand", "")):
        name, options = _name_and_options(part)
        if name == "singleValueExtendedProperties":
            clauses = re.findall(r"id eq '((?:[^']|'')*)'", options, re.IGNORECASE)
            extended = tuple(clause.replace("''", "'") for clause in clauses)
        elif name == "exceptionOccurrences":
            exceptions = True
            inner = {k.lower(): v for k, v in parse_qsl(options.replace(";", "&"))}
            chosen = selected(inner)
        else:
            raise NotSimulatedError(f"$expand={name}", status=400)
    return Expansion(extended, exceptions, chosen)


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth, part = [], 0, ""
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [found.strip() for found in (*parts, part) if found.strip()]


def _name_and_options(part: str) -> tuple[str, str]:
    name, bracket, rest = part.partition("(")
    return name.strip(), rest.rstrip()[:-1] if bracket else ""


def extended_property_filter(text: str) -> tuple[str, str]:
    """Id and value of the extended property a ``$filter`` of events looks for.

    Raises:
        NotSimulatedError: 400, it filters by something else.
    """
    match = _ANY.match(text)
    if match is None:
        raise NotSimulatedError(f"$filter={text}", status=400)
    return match[2].replace("''", "'"), match[3].replace("''", "'")


def equal_to_any(text: str, most: int) -> list[tuple[str, str]]:
    """Clauses ``name eq 'value'`` joined by ``or``, or ``name in ('…')``, as (name, value).

    Names are in lower case.

    Raises:
        GraphError: 400, more than ``most`` clauses.
        NotSimulatedError: 400, the filter is of another kind.
    """
    clauses: list[tuple[str, str]] = []
    for part in re.split(r"\s+or\s+(?=[^']*(?:'[^']*'[^']*)*$)", text, flags=re.IGNORECASE):
        listed, single = _IN.match(part), _CLAUSE.match(part)
        if listed is not None:
            values = re.findall(r"'((?:[^']|'')*)'", listed[2])
            clauses += [(listed[1].lower(), value.replace("''", "'")) for value in values]
        elif single is not None:
            clauses.append((single[1].lower(), single[2].replace("''", "'")))
        else:
            raise NotSimulatedError(f"$filter={text}", status=400)
    if len(clauses) > most:
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            "Too many child clauses specified in search filter expression containing 'OR' "
            f"operators: {len(clauses)}. Max allowed: {most}.",
        )
    return clauses


def next_link(base: str, path: str, query: Mapping[str, str], skip: int) -> str:
    """The address of the next page."""
    return f"{base}{path}?{urlencode({**query, '$skip': str(skip)}, safe='$')}"
