"""Passwords as scrypt hashes: `scrypt$16384$8$1$salt$hash`, the last two as hexadecimal. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

#: RFC 7914: 16 MiB of memory for each try.
_N, _R, _P = 2**14, 8, 1
_FORM = re.compile(r"scrypt\$(\d{1,6})\$(\d{1,2})\$(\d)\$([0-9a-f]{16,64})\$([0-9a-f]{64})")
#: Longer ones are refused before any work: it would be hashed whole.
LONGEST = 200
_MOST_MEMORY = 64 * 2**20


def hashed(password: str) -> str:
    """The hash of a password, with a new salt."""
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _N, _R, _P)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${digest.hex()}"


def is_hash(text: str) -> bool:
    """True for what `hashed` returns."""
    return _FORM.fullmatch(text) is not None


def fits(password: str, stored: str) -> bool:
    """True when it is the password of this hash; takes as long when it is not."""
    match = _FORM.fullmatch(stored)
    if match is None or len(password) > LONGEST:
        return False
    n, r, p = (int(match[group]) for group in (1, 2, 3))
    try:
        digest = _scrypt(password, bytes.fromhex(match[4]), n, r, p)
    except ValueError:  # numbers that scrypt does not take
        return False
    return hmac.compare_digest(digest, bytes.fromhex(match[5]))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    raw = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=32)
