"""Who has logged in: sessions in memory, bounded, each with a token against forged requests. Pure.

A restart of the agent ends all of them. The cookie's secret is kept as its hash only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace

#: Sessions, at most; with one more, the session with the oldest use ends.
MOST_SESSIONS = 32
#: Seconds without a request, and seconds in all, after which somebody has to log in again.
IDLE_FOR, LASTS = 7 * 86400.0, 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in; `csrf` has to come with each request that changes something."""

    csrf: str
    opened: float
    used: float

    def proves(self, given: str) -> bool:
        """True when a request shows the session's own token."""
        return hmac.compare_digest(self.csrf.encode(), given.encode("utf-8", "replace"))


class Sessions:
    """The open sessions; times are monotonic seconds."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, now: float) -> str:
        """A new session; returns the secret for the cookie."""
        secret = secrets.token_urlsafe(32)
        while len(self._open) >= MOST_SESSIONS:
            del self._open[min(self._open, key=lambda key: self._open[key].used)]
        self._open[_key(secret)] = Session(secrets.token_urlsafe(24), now, now)
        return secret

    def find(self, secret: str, now: float) -> Session | None:
        """The session of a cookie, or None when there is none, or none any more."""
        key = _key(secret)
        session = self._open.get(key)
        if session is None:
            return None
        if now - session.used >= IDLE_FOR or now - session.opened >= LASTS:
            del self._open[key]
            return None
        session = self._open[key] = replace(session, used=now)
        return session

    def end(self, secret: str) -> None:
        """Logs out."""
        self._open.pop(_key(secret), None)


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
