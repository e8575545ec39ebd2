"""A camera written straight from the bytes of the known client: knows nothing of `agent.camera`.

So the link and the simulator cannot share one misunderstanding. It checks each datagram byte for
byte against what that client sent to the real camera, and answers with the real camera's lengths.
"""

from __future__ import annotations

HELLO = bytes.fromhex(
    "0000b0028200002700010000004d616349503d42432d41452d43352d37432d37372d37422b31363436373b"
)
RESOURCE_REQUEST = bytes.fromhex(
    "0100400d320000d000510100006964d4d8d8d28f9da7d9d49f808d8c86c79f8bbf808d8c86c7a4b9"
    "acaeddd28f9da7d8d4878c9dc7d9d28f9da7dbd4a1a2b9aab99b8c9a8c879dc7a1a2b9aab99b8c9a"
    "8c879dd28699a7dbd4dc988ddfa6a3dfdadadfde8f8f8fd2aa888585808dd4dd8590d9818fdc82d8"
    "dea8d9d9aeb3d8d08fda85dcdead8adfdadadfd98f8fd9d29a808da7d4dc988ddfa6a3dfdadadfde"
    "8f8f8fd2a89aaa868d8cd4dadaded2a4888087aa848dd4a1a2b6bbacbab6bbacb8d29c9a8c9bd4d8"
    "d0dbc7d8dfd1c7d9c7dadad2"
)
FIRST_ACK = bytes.fromhex("000020021200001e0001000000a0aaa4add4d8d2baacb8d4d8d2bda0a4acd4d9d2e9")
SESSION_START = bytes.fromhex(
    "020070073200007300640000004d618087aa848dd4ba8c9a9a808687ba9d889b9dd29a808da7d4dc"
    "988ddfa6a3dfdadadfde8f8f8fd28f9da7d9d4a1a2b9aab99b8c9a8c879dc7a1a2b9aab99b8c9a8c"
    "879dd2afadd9d4dbdcd8ddd0dbd1d1d28f9da7d8d4878c9dc7d8d9dbdcd2afadd8d4d8d9dbdcd2"
)
#: Kind 0x32, sequence 3, code 100, 60 bytes: 60 << 4 = 0x3c0, 60 - 4 = 0x38.
SESSION_DELETE = (
    bytes((3, 0, 0xC0, 0x03, 0x32, 0, 0, 0x38, 0, 100, 0, 0, 0))
    + b"si"
    + bytes(byte ^ 0xE9 for byte in b"dN=5qd6OJ63367fff;MainCmd=SessionDelete;coz=;")
)


def status(kind: int, tag: int) -> bytes:
    """13 bytes as the known client and the camera exchanged them."""
    return bytes((0, 0, 0xD0, 0, kind, 0, tag, 9, 0, 1, 0, 0, 0))


class FakeCamera:
    """Answers one client by script; fails the test on a datagram the script does not expect."""

    def __init__(
        self,
        *,
        refusals: int = 0,
        resource_reply: int = 155,
        start_reply: int = 368,
        extra_early: bool = False,
        extra_late: bool = False,
        silent_at: str = "",
    ) -> None:
        self.refusals = refusals
        self.resource_reply = bytes(resource_reply)
        self.start_reply = bytes(start_reply)
        self.extra_early = [bytes(42)] * extra_early
        self.extra_late = [bytes(42)] * extra_late
        self.silent_at = silent_at
        self.tag = -1
        self.heard: list[str] = []
        self.acks: list[bytes] = []

    def answer(self, datagram: bytes) -> list[bytes]:
        """The camera's datagrams in reply."""
        name, replies = self._answer(datagram)
        self.heard.append(name)
        return [] if name == self.silent_at else replies

    def _answer(self, datagram: bytes) -> tuple[str, list[bytes]]:
        if not self.heard:
            assert datagram == HELLO, datagram.hex()
            return "hello", []
        last = self.heard[-1]
        if last == "hello":
            self.tag = datagram[6]
            assert self.tag & 0x40 == 0
            assert datagram == status(0x82, self.tag)
            no = status(0x92, self.tag | 0x40)
            return "status 82", [no] * self.refusals + [status(0x92, self.tag)]
        if datagram == SESSION_DELETE:
            return "delete", []
        expected = {
            "status 82": ("status a2", status(0xA2, self.tag), []),
            "status a2": ("status 62", status(0x62, self.tag), [bytes(13)]),
            "status 62": ("resource", RESOURCE_REQUEST, [*self.extra_early, self.resource_reply]),
            "resource": ("first ack", FIRST_ACK, []),
            "first ack": ("start", SESSION_START, [*self.extra_late, self.start_reply]),
        }
        if last in expected:
            name, wanted, replies = expected[last]
            assert datagram == wanted, f"{datagram.hex()} is not {name}"
            return name, replies
        assert datagram[4] == 0x12, datagram.hex()
        self.acks.append(datagram)
        return "ack", []
