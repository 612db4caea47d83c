"""Forms of our own pages, read within bounds: fields as text, at most one file, and that in memory alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.formparsers import MultiPartException, MultiPartParser

from app.domain.errors import DomainError
from app.vault.uploads import MOST_BYTES

_MOST_FIELDS, _MOST_FIELD_BYTES = 12, 16_384
#: A form with a file: the file, and what a browser puts round it.
MOST_FORM_BYTES: Final = MOST_BYTES + 65_536


class FormNotReadable(DomainError):
    """The form cannot be read."""


@dataclass(frozen=True, repr=False)
class SentFile:
    """A file as a browser sent it; its name is whatever the sender likes."""

    name: str
    content: bytes


class _InMemory(MultiPartParser):
    """A parser that never puts a file on disk: there it would lie in the clear."""

    spool_max_size = MOST_FORM_BYTES + 1


async def read_fields(request: Request) -> Mapping[str, str]:
    """
    The fields of a form without files; of a field that comes twice the last.

    Raises:
        FormNotReadable
    """
    body = await request.body()
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise FormNotReadable from None


async def read_file(request: Request) -> tuple[Mapping[str, str], SentFile]:
    """
    The fields of a form, and the file that came with it.

    Raises:
        FormNotReadable
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise FormNotReadable
    parser = _InMemory(
        request.headers, request.stream(), max_files=1, max_fields=_MOST_FIELDS, max_part_size=_MOST_FIELD_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise FormNotReadable from None
    try:
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        files = [value for _, value in form.multi_items() if not isinstance(value, str)]
        if not files:
            raise FormNotReadable
        return fields, SentFile(files[0].filename or "", await files[0].read())
    finally:
        await form.close()
