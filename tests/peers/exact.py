# A student's server with typed requests: each action has its fields, and a message with one more is refused, the
# optional `id` of tchat/1 among them. It decodes a stream of objects and answers in nearly the standard form, without
# `id`, `ts`, `to` and `seq`. It knows the base layer, cgroupe, join, gbroadcast, members and groups; all else gets a
# server-error without a code. No presence; what it cannot handle ends the connection.
# Port as the only argument.
import asyncio
import json
import sys

FIELDS = {
    "client-hello": {"from"},
    "client-send": {"from", "to", "msg"},
    "client-broadcast": {"from", "msg"},
    "client-list-clients": {"from"},
    "client-quit": {"from"},
    "cgroupe": {"sender", "group", "private"},
    "join": {"sender", "group"},
    "gbroadcast": {"sender", "group", "msg"},
    "members": {"sender", "group"},
    "groups": {"sender", "name"},
}
clients, groups = {}, {}


class Client:
    def __init__(self, reader, writer):
        self.reader, self.writer, self.name = reader, writer, None

    def send(self, action, **fields):
        self.writer.write(json.dumps({"action": action, **fields}).encode() + b"\n")

    async def serve(self):
        decoder, text = json.JSONDecoder(), ""
        while data := await self.reader.read(4096):
            text += data.decode()
            while text := text.lstrip():
                try:
                    message, end = decoder.raw_decode(text)
                except ValueError:
                    break
                text = text[end:]
                if self.handle(message):
                    return

    def handle(self, m):
        action = m.get("action")
        extra = set(m) - FIELDS.get(action, set(m)) - {"action"}
        if action not in FIELDS or extra:
            self.send("server-error", msg=f"unknown field {min(extra)}" if extra else "not implemented")
        elif action == "client-hello":
            if m["from"] in clients:
                self.send("server-error", code="name-taken", msg="this name is in use")
            else:
                self.name = m["from"]
                clients[self.name] = self
                self.send("server-hello", msg="hi " + self.name)
        elif action == "client-send":
            if m["to"] not in clients:
                self.send("server-error", code="unknown-user", msg="nobody is called so")
            else:
                clients[m["to"]].send("server-send", **{"from": self.name}, msg=m["msg"])
                if m["to"] != self.name:
                    self.send("server-send", **{"from": self.name}, msg=m["msg"])
        elif action == "client-broadcast":
            for client in clients.values():
                client.send("server-broadcast", **{"from": self.name}, msg=m["msg"])
        elif action == "client-list-clients":
            self.send("server-list-clients", clients=sorted(clients))
        elif action == "client-quit":
            self.send("server-quit")
            return True
        else:
            self.handle_group(action, m)
        return False

    def handle_group(self, action, m):
        if action == "groups":
            self.send("server-groups", groups=[{"group": group, "members": len(groups[group])} for group in groups])
        elif action == "cgroupe":
            if m["group"] in groups:
                self.send("server-error", code="group-exists", msg="there is one of that name")
            else:
                groups[m["group"]] = [self.name]
                self.send("server-cgroupe", group=m["group"])
        elif m["group"] not in groups:
            self.send("server-error", code="unknown-group", msg="there is no such group")
        elif action == "join":
            groups[m["group"]].append(self.name)
            self.send("server-join", group=m["group"])
        elif action == "gbroadcast":
            for name in groups[m["group"]]:
                if name in clients:
                    clients[name].send("server-gbroadcast", group=m["group"], **{"from": self.name}, msg=m["msg"])
        elif action == "members":
            self.send("server-members", group=m["group"], members=groups[m["group"]])


async def connected(reader, writer):
    client = Client(reader, writer)
    try:
        await client.serve()
    except Exception as error:  # noqa: BLE001 - what a student writes
        print("lost a client:", repr(error), file=sys.stderr)
    finally:
        if clients.get(client.name) is client:
            del clients[client.name]
        writer.close()


async def main():
    server = await asyncio.start_server(connected, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
