# A server that takes a connection for a request: it reads once, answers once and closes. Hello by `from` gets a
# server-hello, a list the names of all who ever said hello, anything else {action:'server-ok'}; what is no JSON
# gets nothing, and the connection is closed all the same.
# Port as the only argument.
import json
import socketserver
import sys

names = []


class Chat(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            m = json.loads(self.request.recv(4096))
        except ValueError:
            return
        if m.get("action") == "client-hello":
            names.append(m.get("from"))
            answer = {"action": "server-hello", "msg": "hi"}
        elif m.get("action") == "client-list-clients":
            answer = {"action": "server-list-clients", "clients": names}
        else:
            answer = {"action": "server-ok"}
        self.request.sendall(json.dumps(answer).encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Chat).serve_forever()
