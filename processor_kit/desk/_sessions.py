"""Who is logged in at the page: one password, sessions of a working day, few guesses."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

LASTS_SECONDS = 8 * 3600.0
MOST_GUESSES = 5
PAUSE_SECONDS = 30.0
MOST_SESSIONS = 100


class TooManyGuesses(Exception):
    """Somebody is guessing; nobody gets in for a moment."""


@dataclass(frozen=True)
class Session:
    """Somebody at the page. ``form`` is in every form of theirs, so that no other page can send one."""

    form: str
    ends: float


class Sessions:
    """The sessions of this process; after a start everybody logs in again."""

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._password = password.encode()
        self._clock = clock
        self._known: dict[bytes, Session] = {}
        self._wrong: list[float] = []

    def log_in(self, password: str) -> str | None:
        """A new session's cookie, None for a wrong password; raises :class:`TooManyGuesses`."""
        now = self._clock()
        self._wrong = [at for at in self._wrong if now - at < PAUSE_SECONDS]
        if len(self._wrong) >= MOST_GUESSES:
            raise TooManyGuesses
        if not hmac.compare_digest(password.encode(), self._password):
            self._wrong.append(now)
            return None
        self._known = {key: one for key, one in self._known.items() if one.ends > now}
        if len(self._known) >= MOST_SESSIONS:
            self._known.pop(next(iter(self._known)))
        cookie = secrets.token_urlsafe(32)
        self._known[_digest(cookie)] = Session(secrets.token_urlsafe(16), now + LASTS_SECONDS)
        return cookie

    def of(self, cookie: str | None) -> Session | None:
        found = self._known.get(_digest(cookie)) if cookie else None
        return found if found is not None and found.ends > self._clock() else None

    def log_out(self, cookie: str | None) -> None:
        if cookie:
            self._known.pop(_digest(cookie), None)


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
