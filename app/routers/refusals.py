"""What only the HTTP edge can refuse: headers, roles, logins, cursors."""

from fastapi import Request

from app.domain.errors import DomainError


class At(Exception):
    """A refusal and the place in the body it is about (``#/subject/identifiers/0/value``)."""

    def __init__(self, pointer: str, refusal: DomainError) -> None:
        super().__init__()
        self.pointer = pointer
        self.refusal = refusal


class RoleNotAllowed(DomainError):
    """Your role may not do this."""


class ControllerNotYours(DomainError):
    """Your access token does not speak for that controller."""


class ControllerNeeded(DomainError):
    """Your access token is good for several controllers: say which one you turn to."""


class NoSuchController(DomainError):
    """There is no such controller."""


class LoginTooOld(DomainError):
    """Log in again: this needs a login of the last few minutes."""

    def __init__(self, *, max_age: int) -> None:
        super().__init__()
        self.max_age = max_age


class NumberComesFromLogin(DomainError):
    """Your personnummer is taken from your login and from nowhere else."""


class IdempotencyKeyMissing(DomainError):
    """This call needs an Idempotency-Key header."""


class IdempotencyKeyMalformed(DomainError):
    """An Idempotency-Key is 1 to 255 visible ASCII characters."""


class IfMatchMissing(DomainError):
    """This call needs an If-Match header with the ETag you read."""


class IfMatchMalformed(DomainError):
    """If-Match holds one ETag, as it was given."""


class ReportNotReadable(DomainError):
    """The report is the mail in base64."""


class AnswerWithoutQuestion(DomainError):
    """An answer has the day of its question."""


class CursorMalformed(DomainError):
    """That cursor was not given for this list."""


def language_of(request: Request) -> str:
    """``sv`` or ``en``: whichever ``Accept-Language`` names first with the greatest weight; English by default."""
    best, weight = "en", 0.0
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.split("-")[0].strip().lower()
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if language in ("sv", "en") and quality > weight:
            best, weight = language, quality
    return best
