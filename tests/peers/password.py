# A student's server, base layer only, where hello needs a `password`: without one (or with a wrong one for a name that
# it has seen) it answers server-error, and every other request before a good hello gets an error too.
# Otherwise as PROTOCOL.md says: standard names and codes, `id` and `ts`, a line feed after each message, objects taken
# one by one from a buffer (a broken object waits there for ever, text that does not begin with { is a bad-json).
# It knows no `name-taken`: a second connection under a name steals it.
# Port as the only argument.
import codecs
import datetime as dt
import json
import socket
import sys
import threading

lock = threading.RLock()
passwords = {}
online = {}


def send(conn, message, request_id=None):
    if request_id is not None:
        message = {**message, "id": request_id}
    try:
        conn.sendall((json.dumps(message, ensure_ascii=False) + "\n").encode())
    except OSError:
        print("could not write to a client", file=sys.stderr)


def now():
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Client(threading.Thread):
    def __init__(self, conn):
        super().__init__(daemon=True)
        self.conn = conn
        self.name_ = None

    def error(self, request, code, msg, **more):
        answer = {"action": "server-error", "code": code, "msg": msg, **more}
        if isinstance(request.get("action"), str):
            answer["request"] = request["action"]
        send(self.conn, answer, request.get("id"))

    def tell_others(self, message):
        for name, conn in list(online.items()):
            if name != self.name_:
                send(conn, message)

    def hello(self, request):
        name = request["from"]
        if not isinstance(request.get("password"), str):
            return self.error(request, "auth-failed", "A password is needed to enter.")
        if passwords.setdefault(name, request["password"]) != request["password"]:
            return self.error(request, "auth-failed", "The password is wrong.")
        new = self.name_ is None
        self.name_ = name
        online[name] = self.conn
        answer = {"action": "server-hello", "from": name, "msg": f"Welcome, {name}.", "version": "1.0", "features": []}
        send(self.conn, answer, request.get("id"))
        if new:
            self.tell_others({"action": "server-presence", "from": name, "online": True})
        return None

    def handle(self, request):
        action = request.get("action")
        if not isinstance(action, str):
            return self.error(request, "bad-message", "No action.", field="/action")
        if action not in ("client-hello", "client-send", "client-broadcast", "client-list-clients", "client-quit"):
            return self.error(request, "unknown-action", f"This server knows no action {action}.")
        for field in {"client-send": ["from", "to", "msg"], "client-broadcast": ["from", "msg"]}.get(action, ["from"]):
            if not isinstance(request.get(field), str) or request[field] == "":
                return self.error(request, "bad-message", f"{field} is missing.", field="/" + field)
        if action == "client-hello":
            return self.hello(request)
        if self.name_ is None:
            return self.error(request, "auth-failed", "Say hello with a password first.")
        if request["from"] != self.name_:
            return self.error(request, "sender-mismatch", f"You are {self.name_}.")
        if action == "client-send":
            return self.private(request)
        if action == "client-broadcast":
            message = {"action": "server-broadcast", "from": self.name_, "msg": request["msg"], "ts": now()}
            send(self.conn, message, request.get("id"))
            return self.tell_others(message)
        if action == "client-list-clients":
            return send(self.conn, {"action": "server-list-clients", "clients": list(online)}, request.get("id"))
        send(self.conn, {"action": "server-quit", "from": self.name_}, request.get("id"))
        return "quit"

    def private(self, request):
        dest = online.get(request["to"])
        if dest is None:
            return self.error(request, "unknown-user", f"{request['to']} is not connected.")
        message = {"action": "server-send", "from": self.name_, "to": request["to"], "msg": request["msg"], "ts": now()}
        send(self.conn, message, request.get("id"))
        if dest is not self.conn:
            send(dest, message)
        return None

    def messages(self):
        buffer = ""
        text = codecs.getincrementaldecoder("utf-8")()
        while data := self.conn.recv(65536):
            buffer = (buffer + text.decode(data)).lstrip()
            while buffer:
                if buffer[0] != "{":
                    send(self.conn, {"action": "server-error", "code": "bad-json", "msg": "Not a JSON object."})
                    buffer = buffer.partition("\n")[2].lstrip()
                    continue
                try:
                    message, end = json.JSONDecoder().raw_decode(buffer)
                except ValueError:
                    break
                buffer = buffer[end:].lstrip()
                yield message

    def run(self):
        try:
            for message in self.messages():
                with lock:
                    if self.handle(message) == "quit":
                        break
        except (OSError, UnicodeDecodeError) as err:
            print("connection lost:", err, file=sys.stderr)
        finally:
            with lock:
                if online.get(self.name_) is self.conn:
                    del online[self.name_]
                    self.tell_others({"action": "server-presence", "from": self.name_, "online": False})
            self.conn.close()


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    Client(connection).start()
