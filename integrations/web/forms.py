"""What a form brought: fields and files, bounded before anything of it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from integrations.days import day_in
from integrations.errors import Fault, FaultsError
from integrations.language import N_

MOST_BYTES = 256 * 1024
MOST_UPLOAD_BYTES = 8 * 1024 * 1024
MOST_FIELDS = 5_000
_PLAIN = "application/x-www-form-urlencoded"
_WITH_FILES = "multipart/form-data"


class FormError(Exception):
    """A body that is no form of ours; ``status`` is the answer to it."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file somebody handed in. ``name`` is what they call it: never a path of ours."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; a field may come several times."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    files: Mapping[str, Upload] = field(default_factory=dict, repr=False)

    def get(self, name: str, default: str = "") -> str:
        """The last value of a field, without the blanks around it."""
        values = self.fields.get(name)
        return values[-1].strip() if values else default

    def all(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return list(self.fields.get(name, ()))

    def file(self, name: str) -> Upload | None:
        """The file of a field; None if none was chosen."""
        return self.files.get(name)


def day_or_none(text: str, name: str) -> date | None:
    """A date as forms send it; None where the field ``name`` was left empty.

    Raises:
        FaultsError: it is none.
    """
    if not text:
        return None
    try:
        return day_in(text)
    except ValueError:
        raise FaultsError([Fault(name, N_("a date such as 2027-03-21"), text)]) from None


def plain(text: str) -> str:
    """The text without NUL characters: nobody types one, and PostgreSQL keeps none."""
    return text.replace("\x00", "")


async def read_form(
    request: Request, *, uploads: bool = False, most_bytes: int = MOST_BYTES
) -> Form:
    """The form a request brings: with ``uploads`` also files, and then of their size.

    Raises:
        FormError: it is too large, breaks off, or is none.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind and request.headers.get("content-length", "0") == "0":
        return Form()
    if kind != _PLAIN and not (uploads and kind == _WITH_FILES):
        raise FormError(415)
    most = MOST_UPLOAD_BYTES if uploads else most_bytes
    bounded = Request(request.scope, _bounded(request.receive, most))
    try:
        data = await bounded.form(
            max_files=2 if uploads else 0, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES
        )
        return await _form(data)
    except (MultiPartException, ClientDisconnect, UnicodeDecodeError, ValueError):
        raise FormError(400) from None
    except Exception as error:
        # Starlette answers a broken form with an HTTP error of its own.
        if getattr(error, "status_code", None) is not None:
            raise FormError(400) from None
        raise


async def _form(data: FormData) -> Form:
    fields: dict[str, list[str]] = {}
    files: dict[str, Upload] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                files[name] = Upload(value.filename, await value.read())
        else:
            fields.setdefault(plain(name), []).append(plain(value))
    await data.close()
    return Form(fields, files)


def _bounded(receive: Receive, most: int) -> Receive:
    """``receive`` that gives up once more than ``most`` bytes came."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise FormError(413)
        return message

    return bounded
