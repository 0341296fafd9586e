"""``docs/reference/api.md``, written from the OpenAPI document."""

from __future__ import annotations

from typing import Any

import orjson

from integrations.web.api.document import document
from integrations.web.app import endpoints

_HEAD = """# The JSON API: addresses

Every address of `/api/v1`, from the OpenAPI document that each installation serves at
`/api/v1/openapi.json`; the shapes of bodies and answers stand there. How it is made and what it
promises: [the JSON API](../explanation/api.md).
A first call: [how to call it](../how-to/call-the-api.md).

*Key*: asks for an `Idempotency-Key`. Problems that any address may answer with are not repeated.

This page is written from the endpoints themselves: `python -m tests.docs.pages`.
"""
_PROBLEMS = """## Problems

`application/problem+json` with `type` (`urn:tandem:problem:` and the code), `title`, `status`,
`code`, `detail`, `remedy`, `faults`, and `mails` where their number is the problem.
"""


def api_page() -> str:
    """The page: addresses by subject, then the kinds of problems."""
    found = orjson.loads(document(endpoints()))
    by_tag: dict[str, list[str]] = {}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            row = _row(method.upper(), path, operation)
            by_tag.setdefault(operation["tags"][0], []).append(row)
    lines = [_HEAD]
    for tag, rows in by_tag.items():
        head = ["| | | query or body | answer | key |", "|---|---|---|---|---|"]
        lines += [f"## {tag}", "", *head, *rows, ""]
    problems = [_problem(each) for each in found["components"]["responses"].items()]
    return "\n".join(
        [*lines, _PROBLEMS, "| code | what it says and what helps |", "|---|---|", *problems, ""]
    )


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = operation["parameters"]
    query = ", ".join(f"`{p['name']}`" for p in parameters if p["in"] == "query")
    asks = query or _body(operation)
    answer = _shape(operation["responses"]["200"]["content"]["application/json"]["schema"])
    key = "yes" if any(p["in"] == "header" for p in parameters) else ""
    about = " ".join(operation["description"].split())
    said = f"{operation['summary']}. {about}"
    return f"| `{method} {path.removeprefix('/api/v1')}` | {said} | {asks} | {answer} | {key} |"


def _body(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        return _shape(content["application/json"]["schema"])
    return "a file" if content else ""


def _shape(schema: dict[str, Any]) -> str:
    return f"`{schema['$ref'].rpartition('/')[2]}`"


def _problem(each: tuple[str, dict[str, Any]]) -> str:
    code, response = each
    return f"| `{code}` | {response['description'].partition(': ')[2]} |"
