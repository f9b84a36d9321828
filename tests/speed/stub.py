"""What could a server of this kind do at most? Reads the JSON, answers at once, keeps nothing."""

import sys
from typing import Any

import msgspec
import uvicorn

_decode = msgspec.json.decode
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"11")],
}
_BODY = {"type": "http.response.body", "body": b'{"ok":true}'}


async def stub(scope: Any, receive: Any, send: Any) -> None:
    """Read the whole body, parse it, say ok."""
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    _decode(body)
    await send(_START)
    await send(_BODY)


if __name__ == "__main__":
    uvicorn.run(
        stub,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        interface="asgi3",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        backlog=1_024,
    )
