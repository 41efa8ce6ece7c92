# An exercise of the first week: a server that sends every byte back to its sender, and nothing to anybody else.
# It reads no JSON, knows no users, and closes a connection only when its client does.
# Port as the only argument.
import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
