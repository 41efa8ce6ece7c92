"""A tchat server of the level base: python3 server.py PORT."""

import asyncio
import json
import sys
from datetime import UTC, datetime

from framing import Framing
from hello import arrive, is_id, leave, online, refusal


def requester(_, me):
    return [me]


def everyone(*_):
    return list(online)


def ts():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# Each request: the fields it must have, who gets the answer, what stands in it, and which code refuses it if one does.
REQUESTS = {
    "client-hello": (
        ["from"], requester, lambda r: {"from": r["from"], "msg": "Welcome.", "version": "1.0", "features": []}, None,
    ),
    "client-send": (
        ["from", "to", "msg"],
        lambda r, me: [me, r["to"]],
        lambda r: {"from": r["from"], "to": r["to"], "msg": r["msg"], "ts": ts()},
        lambda r: r["to"] not in online and "unknown-user",
    ),
    "client-broadcast": (
        ["from", "msg"], everyone, lambda r: {"from": r["from"], "msg": r["msg"], "ts": ts()}, None,
    ),
    "client-list-clients": (["from"], requester, lambda _: {"clients": everyone()}, None),
    "client-quit": (["from"], requester, lambda r: {"from": r["from"]}, None),
    "client-error": ([], None, None, None),
}  # fmt: skip


class Connection:
    name, gone = None, False

    def __init__(self, writer):
        self.writer = writer

    def send(self, message):
        self.writer.write(json.dumps(message).encode() + b"\n")

    def end(self):
        leave(self)
        self.writer.close()


def refuse(connection, request, code, msg, **field):
    """E-ECHO-1, W-ID-1: a refusal repeats of its request what has a form that can be repeated."""
    repeated = {"id": request["id"]} if is_id(request.get("id")) else {}
    if isinstance(request.get("action"), str) and len(request["action"]) <= 64:
        repeated["request"] = request["action"]
    connection.send({"action": "server-error", "code": code, "msg": msg, **field, **repeated})


def handle(connection, request):
    if request is None:
        return refuse(connection, {}, "bad-json", "This is not JSON.")
    action = request.get("action")
    fields, concerned, content, code = REQUESTS.get(str(action), (None, None, None, None))
    if why := refusal(request, fields, connection):
        return refuse(connection, request, **why)
    if action == "client-error":
        return connection.end()
    arrive(connection, request[fields[0]])
    if refused := code and code(request):
        return refuse(connection, request, refused, f"Refused: {refused}.")
    answer = {"action": "server-" + action.removeprefix("client-"), **content(request)}
    repeated = {"id": request["id"]} if "id" in request else {}
    for name in set(concerned(request, connection.name)) & online.keys():
        online[name].send({**answer, **repeated} if name == connection.name else answer)
    if action == "client-quit":
        connection.end()


async def serve(reader, writer):
    connection, framing = Connection(writer), Framing()
    try:
        while data := await reader.read(65536):
            for request in framing.feed(data):
                if not connection.gone:
                    handle(connection, request)
    except ConnectionError:
        pass  # a reset is a departure like any other
    finally:
        connection.end()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
