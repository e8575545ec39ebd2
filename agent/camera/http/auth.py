"""User and password as an HTTP camera asks for them: basic (RFC 7617), digest (RFC 7616). Pure.

Nothing is sent before the camera asks. Digest is preferred where it offers both.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_HASHES: dict[str, Callable[[bytes], hashlib._Hash]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data),
}
_SCHEME = re.compile(r"(?:^|,)\s*(basic|digest|bearer|ntlm|negotiate)(?=\s|,|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')


class UnknownChallenge(Exception):
    """The camera asks in a way that nobody here knows."""


@dataclass(frozen=True, slots=True)
class _Digest:
    """A challenge as the camera gave it; values in its own bytes, as Latin-1."""

    realm: str
    nonce: str
    opaque: str | None
    algorithm: str | None
    name: str  # of the hash
    session: bool
    qop: str  # "auth", "auth-int", or "": of the old kind


@dataclass(slots=True)
class Credentials:
    """User and password, and how the camera asked for them last.

    Attributes:
        stale: the last challenge says that only the nonce has become too old.
    """

    user: str
    password: str
    stale: bool = False
    _basic: bool = False
    _digest: _Digest | None = None
    _count: int = 0
    _make_nonce: Callable[[], str] = field(default=lambda: secrets.token_hex(8))

    def challenged(self, values: Sequence[str]) -> None:
        """Takes the fields `WWW-Authenticate` of a 401.

        Raises:
            UnknownChallenge: none of them can be answered.
        """
        challenges = [found for value in values for found in _challenges(value)]
        digests = [_digest(given) for scheme, given in challenges if scheme == "digest"]
        self._digest = next((known for known in digests if known is not None), None)
        self._basic = any(scheme == "basic" for scheme, _ in challenges)
        self.stale = any(given.get("stale", "").lower() == "true" for _, given in challenges)
        self._count = 0
        if self._digest is None and not self._basic:
            raise UnknownChallenge

    def answer(self, method: str, target: str) -> str | None:
        """The field `Authorization` of the next request; None before the camera has asked."""
        if self._digest is not None:
            return self._digest_answer(self._digest, method, target)
        if self._basic:
            both = f"{self.user}:{self.password}".encode()
            return "Basic " + base64.b64encode(both).decode()
        return None

    def _digest_answer(self, asked: _Digest, method: str, target: str) -> str:
        def hashed(*parts: str | bytes) -> str:
            """The parts, joined by colons, hashed as the camera asks; hexadecimal."""
            data = b":".join(p.encode("latin-1") if isinstance(p, str) else p for p in parts)
            return _HASHES[asked.name](data).hexdigest()

        self._count += 1
        count, ours = f"{self._count:08x}", self._make_nonce()
        user = self.user.encode()
        who = hashed(user, asked.realm, self.password.encode())
        if asked.session:
            who = hashed(who, asked.nonce, ours)
        once = (asked.nonce, count, ours, asked.qop) if asked.qop else (asked.nonce,)
        body = (hashed(""),) if asked.qop == "auth-int" else ()  # our requests have none
        fields = {
            "username": _quoted(user.decode("latin-1")),
            "realm": _quoted(asked.realm),
            "nonce": _quoted(asked.nonce),
            "uri": _quoted(target),
            "response": _quoted(hashed(who, *once, hashed(method, target, *body))),
            "algorithm": asked.algorithm,
            "opaque": None if asked.opaque is None else _quoted(asked.opaque),
        }
        if asked.qop:
            fields |= {"qop": asked.qop, "nc": count, "cnonce": _quoted(ours)}
        elif asked.session:
            fields |= {"cnonce": _quoted(ours)}
        return "Digest " + ", ".join(f"{k}={v}" for k, v in fields.items() if v is not None)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _challenges(value: str) -> list[tuple[str, dict[str, str]]]:
    """Each challenge of a field; several may stand in one, parted by commas like parameters."""
    begins = list(_SCHEME.finditer(value))
    ends = [*(begin.start() for begin in begins[1:]), len(value)]
    found = []
    for begin, end in zip(begins, ends, strict=False):  # none, or one for each
        given = {
            name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare
            for name, quoted, bare in _PARAMETER.findall(value, begin.end(), end)
        }
        found.append((begin[1].lower(), given))
    return found


def _digest(given: dict[str, str]) -> _Digest | None:
    """The challenge as far as we can answer it; None: we cannot."""
    algorithm = given.get("algorithm")
    name = (algorithm or "MD5").upper()
    session = name.endswith("-SESS")
    name = name.removesuffix("-SESS")
    offered = [word.strip().lower() for word in given.get("qop", "").split(",") if word.strip()]
    if name not in _HASHES or "nonce" not in given or "realm" not in given:
        return None
    qop = next((known for known in ("auth", "auth-int") if known in offered), "")
    if offered and not qop:
        return None
    opaque = given.get("opaque")
    return _Digest(given["realm"], given["nonce"], opaque, algorithm, name, session, qop)
