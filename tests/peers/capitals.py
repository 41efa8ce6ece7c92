# A student's server as some languages write JSON: the field names of what it sends begin with capitals, of what it
# reads they do not. Base layer on a line each: hello by `from`, presence for nobody, a message to its recipient, a
# broadcast to the others; unknown users and actions get a Server-error with the protocol's codes. What it cannot
# handle ends the connection.
# Port as the only argument.
import asyncio
import json
import sys

clients = {}


def send(writer, **fields):
    writer.write(json.dumps({name.capitalize(): value for name, value in fields.items()}).encode() + b"\n")


def handle(m, name, writer):
    action = m.get("action")
    if action == "client-hello":
        name = m["from"]
        clients[name] = writer
        send(writer, action="server-hello", msg="Hello " + name)
    elif action == "client-send" and m["to"] in clients:
        send(clients[m["to"]], **{"action": "server-send", "from": name, "to": m["to"], "msg": m["msg"]})
    elif action == "client-broadcast":
        for other, theirs in clients.items():
            if other != name:
                send(theirs, **{"action": "server-broadcast", "from": name, "msg": m["msg"]})
    elif action == "client-list-clients":
        send(writer, action="server-list-clients", clients=list(clients))
    elif action == "client-quit":
        send(writer, action="server-quit")
        raise EOFError
    else:
        code = "unknown-user" if action == "client-send" else "unknown-action"
        send(writer, action="server-error", code=code, msg="?")
    return name


async def connected(reader, writer):
    name = None
    try:
        while line := await reader.readline():
            name = handle(json.loads(line), name, writer)
    except Exception as error:  # noqa: BLE001 - what a student writes
        print("lost", name, repr(error), file=sys.stderr)
    clients.pop(name, None)
    writer.close()


async def main():
    server = await asyncio.start_server(connected, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
