# A server that gives up: it greets and lists like others, but the third message that the process reads, from whomever,
# ends it with exit status 3 and a line on stderr before that message is answered.
# One recv is one message; every other request, and what is no JSON, is counted and stays unanswered.
# Port as the only argument.
import json
import os
import socket
import sys
import threading

clients = {}
count = 0
lock = threading.Lock()


def answer(conn, data):
    try:
        request = json.loads(data)
    except ValueError:
        return
    if not isinstance(request, dict):
        return
    if request.get("action") == "client-hello":
        clients[request.get("from")] = conn
        conn.sendall(json.dumps({"action": "server-hello", "msg": "Hello"}).encode())
    elif request.get("action") == "client-list-clients":
        conn.sendall(json.dumps({"action": "server-list-clients", "clients": list(clients)}).encode())


def serve(conn):
    global count
    with conn:
        while data := conn.recv(65536):
            with lock:
                count += 1
                if count == 3:
                    print("too many messages, I give up", file=sys.stderr, flush=True)
                    os._exit(3)
            answer(conn, data)


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
