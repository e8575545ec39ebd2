"""Bytes of a command -> a word or a JSON object, or a refusal. Pure."""

from __future__ import annotations

import json
from typing import Any

from agent.core.json_objects import once
from agent.runtime.redaction import excerpt
from schemas.commands import CommandError, ErrorCode
from schemas.settings import BLANKS

#: Bounds what one message can make us parse and echo; a real command has some dozens of bytes.
MAX_PAYLOAD = 4096
#: A transaction is echoed into every answer: long enough for two UUIDs.
MAX_TRANSACTION = 100


class Refusal(Exception):
    """A refusal on its way up."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.error = CommandError(code=code, message=message)


def content_of(payload: bytes) -> str | dict[str, Any]:
    """A trimmed word, or a JSON object.

    Raises:
        Refusal: it is too long, or neither of both.
    """
    if len(payload) > MAX_PAYLOAD:
        raise Refusal("invalid_payload", f"{len(payload)} bytes; at most {MAX_PAYLOAD} are read")
    try:
        text = payload.decode().strip(BLANKS)
    except UnicodeDecodeError:
        raise Refusal("invalid_payload", "the payload is not UTF-8") from None
    if not text.startswith("{"):
        return text
    try:
        document: dict[str, Any] = json.loads(
            text, parse_constant=_no_constant, object_pairs_hook=once
        )
        json.dumps(document, ensure_ascii=False).encode()  # lone surrogates are no text
    except (ValueError, RecursionError) as error:
        raise Refusal("invalid_payload", excerpt(f"no JSON object: {error}", 200)) from None
    return document


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON number")


def transaction_of(content: str | dict[str, Any]) -> str | int | None:
    """What the answer repeats; taken out of an object.

    Raises:
        Refusal: it is neither a text nor a whole number, or too long.
    """
    if isinstance(content, str):
        return None
    value = content.pop("transaction", None)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Refusal("invalid_payload", "transaction must be a text or a whole number")
    if len(str(value)) > MAX_TRANSACTION:
        raise Refusal("invalid_payload", f"transaction has more than {MAX_TRANSACTION} characters")
    return value
