# A server of the other kind: it speaks HTTP, where the course asks for JSON objects over TCP. A POST gets a hello in
# its body; what is no HTTP gets a page of HTML that says so, and the connection is closed.
# Port as the only argument.
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Chat(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"action": "server-hello"}')


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Chat).serve_forever()
