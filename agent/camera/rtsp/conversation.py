"""Requests of RTSP on an open line, while packets come on the same one (RFC 2326, 10)."""

from __future__ import annotations

from collections import deque
from contextlib import suppress

from agent.camera import error_reasons
from agent.camera.http.auth import UnknownChallenge
from agent.camera.http.head import Head
from agent.camera.interruptible_wait import Patience
from agent.camera.network.tcp import Broken, LinkError, TimedOut
from agent.camera.rtsp.describe import ANSWER_WITHIN, WITHIN, Described
from agent.camera.rtsp.framing import Carried, Framing, Message
from agent.core.errors import CameraRefused, CameraUnreachable, SessionLost, WrongPassword

#: Packets that come before the answer to PLAY; a camera may begin immediately.
_MOST_EARLY = 4096
#: Requests that change nothing, for signs of life.
_OPTIONS, _PARAMETER = "OPTIONS", "GET_PARAMETER"
#: Requests of the camera's behind which nothing comes.
_ENDS = ("TEARDOWN ", "REDIRECT ")
#: For what a camera must not wait for.
_AT_ONCE = 1.0


class Talk:
    """The conversation that began with a description.

    Args:
        described: what the camera said; its line is ours now.
        patience: of the source whose thread this is.
        scheme: of the URL, for messages.

    Attributes:
        session: the camera's name for it; empty before SETUP.
        asks_with: the request that keeps it alive.
        settle: seconds to wait for more packets after the first one came.
        taken: bytes that came the last time.
    """

    def __init__(self, described: Described, patience: Patience, scheme: str) -> None:
        self.session = ""
        self.asks_with = _OPTIONS
        self.settle = 0.0
        self.taken = 0
        self._line = described.line
        self._who = described.who
        self._patience = patience
        self._scheme = scheme
        self._number = described.requests
        self._framing = Framing(described.rest)
        self._early: deque[Carried] = deque(maxlen=_MOST_EARLY)
        self._again: dict[str, tuple[str, str]] = {}  # requests that nobody waits for
        self._refused: set[str] = set()  # those that this camera did not understand

    def ask(self, method: str, uri: str, *fields: str) -> Head:
        """The head of the answer.

        Raises:
            CameraRefused: it wants another password.
            CameraUnreachable: no answer.
            Interrupted: by our patience.
        """
        for _ in range(2):
            number = self._send(method, uri, *fields)
            head = self._answer(number)
            asks = head.all("www-authenticate")
            if head.status != 401 or self._who is None or not asks:
                return head
            try:
                self._who.challenged(asks)
            except UnknownChallenge:
                raise CameraRefused(error_reasons.of_unknown_digest()) from None
        raise WrongPassword(error_reasons.of_401(user=True))

    def keep_alive(self, uri: str) -> None:
        """Says that we are still there; the answer is taken when it comes.

        Raises:
            SessionLost: nobody takes it.
        """
        self._again.clear()
        try:
            number = self._send(self.asks_with, uri, within=_AT_ONCE)
        except LinkError as error:
            raise SessionLost(str(error)) from error
        self._again[number] = (self.asks_with, uri)

    def goodbye(self, uri: str) -> None:
        """Ends the session, if one is open, and the line; waits for nothing."""
        if self.session:
            self._line.farewell(self._request("TEARDOWN", uri))
        self._line.close()

    def take(self, *, waits: bool = True) -> list[Carried]:
        """The packets that have come; waits a step at most, or not at all.

        Raises:
            SessionLost: the camera ended the conversation.
            Interrupted: by our patience.
        """
        if self._early:
            early = list(self._early)
            self._early.clear()
            return early
        if not waits and self._line.idle:
            return []
        try:
            data = self._line.take(self._framing.missing, self.settle)
        except LinkError as error:
            raise SessionLost(str(error)) from error
        self.taken = len(data or b"")
        if data is None:
            return []
        if not data:
            raise SessionLost("the camera ended its stream")
        carried, messages = self._framing.add(data)
        for found in messages:
            if found.head is None:
                self._refuse(found)
                if found.line.startswith(_ENDS):
                    raise SessionLost("the camera ended its stream")
            else:
                self._taken(found.head, found.number)
        return carried

    # ------------------------------------------------------------ requests

    def _send(self, method: str, uri: str, *fields: str, within: float = WITHIN) -> str:
        self._line.write(self._request(method, uri, *fields), within)
        return str(self._number)

    def _request(self, method: str, uri: str, *fields: str) -> bytes:
        self._number += 1
        shown = self._who.answer(method, uri) if self._who else None
        lines = [
            f"{method} {uri} RTSP/1.0",
            f"CSeq: {self._number}",
            "User-Agent: surveillance-agent",
            *([f"Session: {self.session}"] if self.session else []),
            *([f"Authorization: {shown}"] if shown else []),
            *fields,
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def _answer(self, number: str) -> Head:
        clock = self._patience.clock
        until = clock.monotonic() + ANSWER_WITHIN
        try:
            data = b""
            while clock.monotonic() < until:
                answer = None
                carried, messages = self._framing.add(data)
                self._early.extend(carried)
                for found in messages:
                    if found.head is None:
                        self._refuse(found)
                    elif found.number in {number, ""}:
                        answer = answer or found.head
                if answer is not None:
                    return answer
                data = self._line.read(until - clock.monotonic())
                if not data:
                    raise Broken(error_reasons.CLOSED)
            raise TimedOut(error_reasons.SILENT)
        except LinkError as error:
            raise CameraUnreachable(error_reasons.of_no_answer(self._scheme, str(error))) from error

    def _taken(self, head: Head, number: str) -> None:
        """An answer that nobody waited for."""
        asked = self._again.pop(number, None)
        if asked is None:
            return
        asks = head.all("www-authenticate")
        if head.status == 401 and self._who is not None and asks:  # its nonce has become too old
            with suppress(UnknownChallenge, LinkError):
                self._who.challenged(asks)
                self._send(*asked, within=_AT_ONCE)
        elif head.status == 454:
            raise SessionLost("the camera has forgotten our session")
        else:
            self._learn(head, *asked)

    def _learn(self, head: Head, method: str, uri: str) -> None:
        """Which request it understands; what it refuses may not count as a sign of life."""
        other = _OPTIONS if method == _PARAMETER else _PARAMETER
        if head.status >= 300:
            self._refused.add(method)
            if other not in self._refused:
                self.asks_with = other
                self.keep_alive(uri)
            return
        says_so = method == _OPTIONS and _PARAMETER.lower() in head.get("public").lower()
        if says_so and other not in self._refused:
            self.asks_with = other

    def _refuse(self, asked: Message) -> None:
        """A request of the camera's: it knows that we can do nothing."""
        with suppress(LinkError):
            answer = f"RTSP/1.0 501 Not Implemented\r\nCSeq: {asked.number}\r\n\r\n"
            self._line.write(answer.encode(), _AT_ONCE)
