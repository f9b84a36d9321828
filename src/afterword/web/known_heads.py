"""Was a request's head read before, to the byte? Then it says what it said then."""

import hashlib
from dataclasses import dataclass

HEADS_MAX = 10_000
"""Heads that are remembered; a tool sends the same one each time, but for its Content-Length."""

HEAD_BYTES_KNOWN_MAX = 2_048
"""Longer heads are read anew each time."""

_START = b"POST "
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Head:
    """
    What the head of a request to events.track says, when nothing is wrong or special with it.

    Whether its token is good is asked for each request; the head itself is not kept, for it holds the token.

    Attributes:
        body_bytes: Its Content-Length.
    """

    token_hash: bytes
    is_json: bool
    query: bytes
    keep_alive: bool
    body_bytes: int


class KnownHeads:
    """
    Remembers heads by their SHA-256.

    Only for requests that arrive whole, in one piece and alone: then the bytes up to the first empty
    line are the head and the rest is the body, whatever stands in them.
    """

    def __init__(self) -> None:
        self._heads: dict[bytes, Head] = {}

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head and the body of a whole request with a known head."""
        end = data.find(_END, 0, HEAD_BYTES_KNOWN_MAX)
        if end < 0:
            return None
        head = self._heads.get(hashlib.sha256(data[:end]).digest())
        body_begin = end + len(_END)
        if head is None or len(data) != body_begin + head.body_bytes:
            return None
        return head, data[body_begin:]

    def remember(self, data: bytes, head: Head) -> None:
        """Take note of what the head of a request says that was read, and of which these are all bytes."""
        end = data.find(_END, 0, HEAD_BYTES_KNOWN_MAX)
        if end < 0 or not data.startswith(_START) or len(data) != end + len(_END) + head.body_bytes:
            return
        if len(self._heads) >= HEADS_MAX:
            self._heads.clear()
        self._heads[hashlib.sha256(data[:end]).digest()] = head
