"""A tchat client of the level base: python3 client.py HOST PORT NAME."""

import json
import re
import socket
import sys
import threading

from framing import Framing

HOST, PORT, NAME = sys.argv[1:]

# Each command: the request that it makes of what stands between the semicolons. The other group requests go here.
COMMANDS = {
    "s": lambda to, *msg: {"action": "client-send", "from": NAME, "to": to, "msg": ";".join(msg)},
    "b": lambda *msg: {"action": "client-broadcast", "from": NAME, "msg": ";".join(msg)},
    "ls": lambda *_: {"action": "client-list-clients", "from": NAME},
    "j": lambda group: {"action": "join", "sender": NAME, "group": group},
    "q": lambda *_: {"action": "client-quit", "from": NAME},
}

# Each answer: how it is shown. What is not here is shown as it came.
SHOWN = {
    "server-hello": lambda m: m["msg"],
    "server-presence": lambda m: f"{m['from']} {'is here' if m['online'] else 'has gone'}",
    "server-send": lambda m: f"{m['from']} to {m['to']}: {m['msg']}",
    "server-broadcast": lambda m: f"{m['from']}: {m['msg']}",
    "server-list-clients": lambda m: f"online: {', '.join(m['clients'])}",
    "server-quit": lambda _: "Goodbye.",
    "server-error": lambda m: f"refused ({m['code']}): {m['msg']}",
}


def show(message):
    try:
        text = str(SHOWN[message["action"]](message))
    except (KeyError, TypeError):  # another action, or another form: C-ACTION-1, C-BAD-1
        text = json.dumps(message)
    print(re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", "�", text).replace("\n", "\n  "), flush=True)  # C-CTRL-1


def listen(connection):
    framing = Framing()
    while data := connection.recv(65536):
        for message in framing.feed(data):
            if message is not None:
                show(message)


def send(connection, message):
    connection.sendall(json.dumps(message).encode() + b"\n")


def type_commands(connection):
    for line in sys.stdin:
        word, *rest = line.strip().split(";")
        try:
            send(connection, COMMANDS[word](*rest))
        except (KeyError, TypeError):  # no such command, or something is missing behind it
            print(f"Commands: {'; '.join(COMMANDS)};", flush=True)


with socket.create_connection((HOST, int(PORT))) as server:
    send(server, {"action": "client-hello", "from": NAME})
    threading.Thread(target=type_commands, args=[server], daemon=True).start()
    listen(server)
