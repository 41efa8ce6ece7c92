"""A student's server, a thread for each client: the base layer only, every message wrapped, presence as a sentence."""

import json
import socket
import sys
import threading

clients: dict[str, socket.socket] = {}


def tell(connection: socket.socket, message: dict[str, object], comment: str) -> None:
    wrapped = {"messageFormat": message, "comment": comment, "type": "Serveur response"}
    connection.sendall(json.dumps(wrapped, indent=2).encode())


def serve(connection: socket.socket) -> None:
    name = ""
    while data := connection.recv(4096):
        message = json.loads(data)["messageFormat"]
        if message["action"] == "client-hello":
            name = message["from"]
            clients[name] = connection
            tell(connection, {"action": "server-hello", "msg": "Hello"}, f"{name} is connected")
        elif message["action"] == "client-send":
            dest = clients.get(message["to"])
            comment = "sent" if dest else f"not sent because {message['to']} is not connected"
            for each in filter(None, (dest, connection)):
                tell(each, {**message, "action": "server-private"}, comment)
        elif message["action"] == "client-list-clients":
            tell(connection, {"action": "server-list-clients", "list": list(clients)}, "the list")
        elif message["action"] == "client-quit":
            tell(connection, {"action": "server-quit"}, "bye")
            break
    clients.pop(name, None)
    connection.close()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
