"""Orders to mark an event: one at a time, each answered once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.core.messages import EventMarked
from agent.core.orders import MarkEvent
from agent.runtime.mailbox import Mailbox


class MarkOrders:
    """Belongs to the store's thread.

    Args:
        orders: where they come from; None: nowhere.
        say: takes the answers.
    """

    def __init__(
        self, orders: Mailbox[MarkEvent] | None, say: Callable[[EventMarked], None]
    ) -> None:
        self._orders = orders
        self._say = say
        self._order: MarkEvent | None = None  # the child was asked about it

    def next(self) -> dict[str, Any] | None:
        """What the child is to be asked next; None: nothing."""
        self._order = self._orders.get() if self._orders else None
        if self._order is None:
            return None
        order = self._order
        return {
            "camera": order.camera,
            "event": order.event,
            "mark": order.mark.value,
            "value": order.value,
        }

    def answer(self, event: str | None) -> None:
        """The child has marked the event, or found none."""
        self._answer(event, "" if event else "there is no such event in the store")

    def give_up(self) -> None:
        """The child can answer no more."""
        self._answer(None, "the image store cannot be used now", available=False)

    def refuse_all(self) -> None:
        """Without a store nothing can be marked: answers now, not when the store comes back."""
        while self.next() is not None:
            self.give_up()

    def _answer(self, event: str | None, words: str, *, available: bool = True) -> None:
        order, self._order = self._order, None
        if order is not None:
            self._say(
                EventMarked(
                    order.camera,
                    event,
                    words,
                    available,
                    order.request,
                    order.mark.value,
                    order.value,
                )
            )
