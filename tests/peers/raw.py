# A student's client that prints the bytes it gets as they are, understands none of them, and so survives everything.
# The course's commands, one a line from standard input, with the standard requests and a line feed after each;
# a line that is no command is shown as such. It ends with the server's connection or with the end of its input.
# HOST and PORT in the environment, the name as --name=alice.
import json
import os
import socket
import sys
import threading

name = next((a.removeprefix("--name=") for a in sys.argv[1:] if a.startswith("--name=")), "nobody")

# command: action, the field of the sender, the fields that follow; the last takes the rest of the line
COMMANDS = {
    "s": ("client-send", "from", ["to", "msg"]),
    "b": ("client-broadcast", "from", ["msg"]),
    "ls": ("client-list-clients", "from", []),
    "q": ("client-quit", "from", []),
    "cg": ("cgroupe", "sender", ["group"]),
    "j": ("join", "sender", ["group"]),
    "bg": ("gbroadcast", "sender", ["group", "msg"]),
    "members": ("members", "sender", ["group"]),
    "messages": ("msgs", "sender", ["group"]),
    "groups": ("groups", "name", []),
    "leave": ("leave", "sender", ["group"]),
    "invite": ("invite", "sender", ["group", "dest"]),
    "kick": ("kick", "sender", ["group", "dest", "reason"]),
    "ban": ("ban", "sender", ["group", "dest", "reason"]),
    "unban": ("unban", "sender", ["group", "dest"]),
    "states": ("states", "sender", ["group"]),
}


def show(sock):
    try:
        while data := sock.recv(65536):
            sys.stdout.buffer.write(data + b"\n")
            sys.stdout.buffer.flush()
    except OSError as err:
        print("lost the server:", err, flush=True)
    os._exit(0)


def request(line):
    command, _, rest = line.rstrip("\r\n").partition(";")
    if command not in COMMANDS:
        return None
    action, sender, fields = COMMANDS[command]
    values = rest.split(";", len(fields) - 1) if fields else []
    return {"action": action, sender: name, **dict(zip(fields, values, strict=False))}


server = socket.create_connection((os.environ["HOST"], int(os.environ["PORT"])))
server.sendall(json.dumps({"action": "client-hello", "from": name}).encode() + b"\n")
threading.Thread(target=show, args=(server,), daemon=True).start()
for typed in sys.stdin:
    message = request(typed)
    if message is None:
        print("not a command:", typed, flush=True)
    else:
        server.sendall(json.dumps(message).encode() + b"\n")
server.close()
