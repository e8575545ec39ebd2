"""The one-time token that was used, as a hash in the state folder: a restart does not renew it."""

from __future__ import annotations

import hashlib
import hmac
import logging
from pathlib import Path

from agent.runtime.atomic import write_atomic

log = logging.getLogger(__name__)

NAME = "used_token"


class UsedToken:
    """Remembers one token, the last; belongs to the page's loop."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def was(self, token: str) -> bool:
        """True when this token was used; also when nobody can know."""
        try:
            with self._path.open("rb") as file:
                kept = file.read(100)
        except FileNotFoundError:
            return False
        except OSError as error:
            log.warning("page: %s: %s: one_time_token is not taken", self._path, error.strerror)
            return True
        return hmac.compare_digest(kept, _digest(token))

    def keep(self, token: str) -> bool:
        """Notes that this token was used; False where that cannot be kept."""
        try:
            write_atomic(self._path, _digest(token))
        except OSError as error:
            log.warning("page: %s: %s: one_time_token is not taken", self._path, error.strerror)
            return False
        return True


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).hexdigest().encode()
