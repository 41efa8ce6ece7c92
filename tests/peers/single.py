# A server that forgets that accept waits: it serves one client to the end before it takes the next. What it serves is
# hello by `from`, a list of that one client, and quit; all else gets a server-error without a code.
# Port as the only argument.
import json
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    try:
        while data := client.recv(4096):
            m = json.loads(data)
            if m["action"] == "client-hello":
                answer = {"action": "server-hello", "msg": "Hello " + m["from"]}
            elif m["action"] == "client-list-clients":
                answer = {"action": "server-list-clients", "clients": [m["from"]]}
            elif m["action"] == "client-quit":
                break
            else:
                answer = {"action": "server-error", "msg": "not implemented"}
            client.sendall(json.dumps(answer).encode())
    except (OSError, ValueError, KeyError, TypeError):
        pass
    client.close()
