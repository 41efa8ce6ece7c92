# An unfinished server: it accepts every connection and prints what it reads, but never writes a byte,
# and closes a connection only when its client does.
# Port as the only argument.
import socketserver
import sys


class Mute(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            print(self.client_address, data, flush=True)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Mute).serve_forever()
