"""A tchat server of the level base: python3 server.py PORT."""

import asyncio
import json
import sys
from datetime import UTC, datetime

from framing import Framing
from hello import arrive, is_id, leave, online, refusal


def me(request):
    return [request["from"]]


def ts():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# Each request: the fields it must have, who gets the answer, and what the answer holds. The groups go here next.
REQUESTS = {
    "client-hello": (["from"], me, lambda r: {"from": r["from"], "msg": "Welcome.", "version": "1.0", "features": []}),
    "client-send": (
        ["from", "to", "msg"],
        lambda r: [r["from"], r["to"]],
        lambda r: {"from": r["from"], "to": r["to"], "msg": r["msg"], "ts": ts()},
    ),
    "client-broadcast": (["from", "msg"], lambda _: online, lambda r: {"from": r["from"], "msg": r["msg"], "ts": ts()}),
    "client-list-clients": (["from"], me, lambda _: {"clients": list(online)}),
    "client-quit": (["from"], me, lambda r: {"from": r["from"]}),
    "client-error": ([], None, None),
}


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
    fields, concerned, content = REQUESTS.get(str(action), (None, None, None))
    if why := refusal(request, fields, connection):
        return refuse(connection, request, **why)
    if action == "client-error":
        return connection.end()
    arrive(connection, request["from"])
    if "to" in fields and request["to"] not in online:
        return refuse(connection, request, "unknown-user", f"{request['to']} is not here.")
    answer = {"action": action.replace("client-", "server-"), **content(request)}
    repeated = {"id": request["id"]} if "id" in request else {}
    for name in set(concerned(request)):
        online[name].send({**answer, **repeated} if name == request["from"] else answer)
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
