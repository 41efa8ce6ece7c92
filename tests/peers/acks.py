# A student's server: a thread for each client, a line for each message. Names come by `sender`, in hello too; acks,
# errors and messages have a form of its own. Base layer, groups, invitations that add at once, kick, ban and unban.
# What a thread cannot handle ends its connection, a write to somebody who has gone too. Who says hello under a second
# name leaves the first behind for ever: from then on every hello is greeted and cut off.
# Port as the only argument.
import contextlib
import json
import socket
import sys
import threading

clients, groups, lock = {}, {}, threading.RLock()


def send(sock, message):
    sock.sendall((json.dumps(message) + "\n").encode())


def error(sock, text):
    send(sock, {"action": "error", "error": text})


def ack(sock, request, **fields):
    send(sock, {"action": "ack", "request": request, **fields})


def tell(names, me, message):
    for name in list(names):
        if name != me and name in clients:
            send(clients[name], message)


class Client:
    def __init__(self, sock):
        self.sock, self.name = sock, None

    def serve(self):
        try:
            for line in self.sock.makefile("r", encoding="utf-8"):
                with lock:
                    if self.handle(json.loads(line)):
                        break
        except Exception as problem:  # noqa: BLE001 - what a student writes
            print(self.name, "failed:", repr(problem), file=sys.stderr)
        finally:
            with lock:
                if clients.get(self.name) is self.sock:
                    del clients[self.name]
                    for other in clients.values():
                        with contextlib.suppress(OSError):
                            send(other, {"action": "user-left", "user": self.name})
            self.sock.close()

    def handle(self, m):
        action, me = m["action"], self.name
        if action == "client-hello":
            if m["sender"] in clients:
                error(self.sock, "name already used")
                return True
            self.name = me = m["sender"]
            clients[me] = self.sock
            send(self.sock, {"action": "server-hello", "text": "Welcome " + me})
            tell(clients, me, {"action": "user-joined", "user": me})
        elif action == "client-send":
            if m["to"] not in clients:
                error(self.sock, "no such user: " + m["to"])
            else:
                send(clients[m["to"]], {"action": "message", "from": me, "text": m["msg"]})
                ack(self.sock, action)
        elif action == "client-broadcast":
            tell(clients, me, {"action": "broadcast", "from": me, "text": m["msg"]})
            ack(self.sock, action)
        elif action == "client-list-clients":
            send(self.sock, {"action": "client-list", "users": list(clients)})
        elif action == "client-quit":
            ack(self.sock, action)
            return True
        elif action == "cgroupe":
            if m["group"] in groups:
                error(self.sock, "group exists")
            else:
                private = bool(m.get("private"))
                groups[m["group"]] = {"owner": me, "members": [me], "messages": [], "banned": [], "private": private}
                ack(self.sock, action, group=m["group"])
        elif action == "groups":
            seen = [name for name, group in groups.items() if not group["private"] or me in group["members"]]
            send(self.sock, {"action": "groups", "groups": seen})
        elif m.get("group") not in groups:
            error(self.sock, "no such group")
        else:
            self.in_group(action, m, groups[m["group"]])
        return False

    def in_group(self, action, m, group):
        me, members = self.name, group["members"]
        if action == "join":
            if me in group["banned"]:
                error(self.sock, "you are banned")
            elif group["private"]:
                error(self.sock, "private group")
            else:
                if me not in members:
                    members.append(me)
                ack(self.sock, action, group=m["group"])
        elif me not in members:
            error(self.sock, "not a member")
        elif action == "gbroadcast":
            group["messages"].append({"from": me, "text": m["msg"]})
            tell(members, me, {"action": "group-message", "group": m["group"], "from": me, "text": m["msg"]})
            ack(self.sock, action)
        elif action == "members":
            send(self.sock, {"action": "members", "group": m["group"], "users": members})
        elif action == "msgs":
            send(self.sock, {"action": "msgs", "group": m["group"], "messages": group["messages"]})
        elif action == "leave":
            members.remove(me)
            ack(self.sock, action)
        elif action == "invite":
            if m["dest"] not in clients:
                error(self.sock, "unknown user")
            else:
                if m["dest"] not in members:
                    members.append(m["dest"])
                send(clients[m["dest"]], {"action": "invited", "group": m["group"], "by": me})
                ack(self.sock, action)
        elif action in ("kick", "ban", "unban"):
            if me != group["owner"]:
                error(self.sock, "only the owner may " + action)
            else:
                self.moderate(action, m, group)
        else:
            error(self.sock, "unknown action " + action)

    def moderate(self, action, m, group):
        dest = m["dest"]
        if action == "unban":
            if dest in group["banned"]:
                group["banned"].remove(dest)
        else:
            if dest in group["members"]:
                group["members"].remove(dest)
            if action == "ban":
                group["banned"].append(dest)
            if dest in clients:
                send(clients[dest], {"action": action + "ed", "group": m["group"], "reason": m.get("reason", "")})
        ack(self.sock, action)


server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=50)
while True:
    sock, _ = server.accept()
    threading.Thread(target=Client(sock).serve, daemon=True).start()
