"""Only the page itself may talk to the server: whoever comes under another name, or from another site, gets 403."""

import asyncio

import pytest

from abm.view.page.guard import Guard

PORT = 8765
OWN = {"host": "127.0.0.1:8765"}


async def inside(scope, receive, send):
    """Answer what comes through."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


def asked(kind, headers):
    """Return the messages with which the guard answers a request."""
    sent = []

    async def receive():
        return {"type": f"{kind}.connect"}

    async def send(message):
        sent.append(message)

    listed = headers.items() if isinstance(headers, dict) else headers
    scope = {"type": kind, "headers": [(name.encode(), value.encode()) for name, value in listed]}
    asyncio.run(Guard(inside, PORT)(scope, receive, send))
    return sent


@pytest.mark.parametrize(
    "headers",
    [
        OWN,
        {"host": "localhost:8765"},
        OWN | {"origin": "http://127.0.0.1:8765"},
        OWN | {"origin": "http://localhost:8765"},
    ],
)
def test_the_page_itself_comes_through(headers):
    assert asked("http", headers)[0]["status"] == 200
    assert asked("websocket", headers) == [{"type": "websocket.accept"}]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "evil.example:8765"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:8766"},
        {"host": "127.0.0.1.evil.example:8765"},
        OWN | {"origin": "http://evil.example"},
        OWN | {"origin": "https://127.0.0.1:8765"},
        OWN | {"origin": "http://127.0.0.1:9999"},
        OWN | {"origin": "null"},
        [("host", "127.0.0.1:8765"), ("host", "evil.example:8765")],
        [("host", "127.0.0.1:8765"), ("origin", "http://127.0.0.1:8765"), ("origin", "http://evil.example")],
    ],
)
def test_others_do_not(headers):
    start, body = asked("http", headers)
    assert start["status"] == 403
    assert b"only to itself" in body["body"]
    assert asked("websocket", headers) == [{"type": "websocket.close", "code": 1008}]


def test_the_page_is_told_to_load_nothing_from_elsewhere():
    headers = dict(asked("http", OWN)[0]["headers"])
    policy = headers[b"content-security-policy"].decode()
    sources = [word for part in policy.split(";") for word in part.split()[1:]]
    assert not [
        word for word in sources if "//" in word and not word.startswith(("ws://127.0.0.1:", "ws://localhost:"))
    ]
    assert "*" not in policy
    assert "frame-ancestors 'none'" in policy


def test_starting_and_ending_pass():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Guard(app, PORT)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
