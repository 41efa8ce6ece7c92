# An exercise of the first week: a thread for each client, and whatever one of them sends goes to all others, byte for
# byte. It reads no JSON, knows no users, answers nothing, and closes a connection only when its client does.
# Port as the only argument.
import socket
import sys
import threading

clients = []


def serve(client):
    try:
        while data := client.recv(4096):
            for other in clients:
                if other is not client:
                    other.sendall(data)
    except OSError:
        pass
    finally:
        clients.remove(client)
        client.close()


server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    clients.append(client)
    threading.Thread(target=serve, args=(client,), daemon=True).start()
