"""The states of the image store; not among the messages: the store's light child needs them."""

from __future__ import annotations

from enum import StrEnum


class StoreCode(StrEnum):
    """The state of the image store; the words are those of the health payload."""

    OK = "ok"
    STARTING = "starting"
    ABSENT = "absent"
    WRONG = "wrong_store"
    NOT_ADOPTED = "not_adopted"
    TAKEN = "taken"
    READ_ONLY = "read_only"
    FULL = "full"
    STALLED = "stalled"
    FAILING = "failing"
    NONE = "not_configured"


#: The store can be used; of a store that is TAKEN it is another agent that records some cameras.
USABLE = frozenset({StoreCode.OK, StoreCode.TAKEN})
