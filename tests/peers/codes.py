# A threading socketserver of Python's: recv(1024) and json.loads take each chunk for one message. No answer has an
# action: answers are `type` and a `code` as in HTTP, news an `event`; ids are not repeated. All group commands, no
# private groups. kick ends the membership, but deliveries go by a second table that it forgets: who was kicked goes on
# hearing the group. Membership outlives a connection, and nothing outlives the process.
import contextlib
import json
import socketserver
import sqlite3
import sys
import threading

lock = threading.RLock()
online = {}
members = {}
audience = {}
owner = {}
banned = {}
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table msg(grp, who, txt)")
db.execute("create table ev(grp, what)")


class H(socketserver.BaseRequestHandler):
    def put(self, **o):
        self.request.sendall(json.dumps(o).encode())

    def event(self, who, **o):
        h = online.get(who)
        if h:
            with contextlib.suppress(OSError):
                h.put(**o)

    def handle(self):
        self.name = None
        while True:
            try:
                d = self.request.recv(1024)
            except OSError:
                break
            if not d:
                break
            try:
                m = json.loads(d)
            except ValueError:
                self.put(type="error", code=400, message="Bad request")
                continue
            with lock:
                if not self.do(m):
                    break

    def finish(self):
        with lock:
            if self.name and online.get(self.name) is self:
                del online[self.name]
                for n in list(online):
                    self.event(n, event="disconnected", user=self.name)

    def do(self, m):
        a = m.get("action")
        u = m.get("sender") or m.get("from") or m.get("name") or self.name
        g = m.get("group")
        if u and self.name is None:
            self.name = u
            online[u] = self
            for n in list(online):
                if n != u:
                    self.event(n, event="connected", user=u)
        if a == "client-hello":
            self.put(type="hello", code=200, message=f"Hello {u}")
        elif a == "client-send":
            if m["to"] not in online:
                self.put(type="send", code=404, message="Unknown user")
            else:
                self.event(m["to"], event="message", sender=u, msg=m["msg"])
                self.put(type="send", code=200)
        elif a == "client-broadcast":
            for n in list(online):
                self.event(n, event="broadcast", sender=u, msg=m["msg"])
        elif a == "client-list-clients":
            self.put(type="clients", code=200, clients=sorted(online))
        elif a == "client-quit":
            self.put(type="quit", code=200)
            return False
        elif a == "cgroupe":
            if g in members:
                self.put(type="cgroupe", code=409, message="Group exists")
            else:
                members[g] = [u]
                audience[g] = {u}
                owner[g] = u
                banned[g] = set()
                db.execute("insert into ev values(?,?)", (g, u + " created"))
                self.put(type="cgroupe", code=201, group=g)
        elif a == "groups":
            self.put(
                type="groups",
                code=200,
                groups=[{"name": k, "owner": owner[k], "count": len(v)} for k, v in members.items()],
            )
        elif a in ("join", "gbroadcast", "members", "msgs", "leave", "invite", "kick", "ban", "unban", "states"):
            if g not in members:
                self.put(type=a, code=404, message="Unknown group")
                return True
            inside = members[g]
            if u in banned[g]:
                self.put(type=a, code=403, message="Banned")
                return True
            if a == "members":
                self.put(type=a, code=200, group=g, members=inside)
            elif a == "msgs":
                self.put(
                    type=a,
                    code=200,
                    group=g,
                    messages=[
                        {"sender": w, "msg": t} for w, t in db.execute("select who, txt from msg where grp=?", (g,))
                    ],
                )
            elif a == "states":
                self.put(
                    type=a,
                    code=200,
                    group=g,
                    events=[e for (e,) in db.execute("select what from ev where grp=?", (g,))],
                )
            elif a == "join":
                if u in inside:
                    self.put(type=a, code=409, message="Already member")
                    return True
                inside.append(u)
                audience[g].add(u)
                db.execute("insert into ev values(?,?)", (g, u + " joined"))
                self.put(type=a, code=200, group=g)
                for n in inside:
                    if n != u:
                        self.event(n, event="join", user=u, group=g)
            elif u not in inside:
                self.put(type=a, code=403, message="Not a member")
            elif a == "gbroadcast":
                db.execute("insert into msg values(?,?,?)", (g, u, m["msg"]))
                for n in audience[g]:
                    self.event(n, event="gmessage", sender=u, group=g, msg=m["msg"])
            elif a == "leave":
                inside.remove(u)
                audience[g].discard(u)
                db.execute("insert into ev values(?,?)", (g, u + " left"))
                self.put(type=a, code=200, group=g)
                for n in inside:
                    self.event(n, event="leave", user=u, group=g)
            elif a == "invite":
                if m["dest"] not in online:
                    self.put(type=a, code=404, message="Unknown user")
                else:
                    self.event(m["dest"], event="invite", sender=u, group=g)
                    self.put(type=a, code=200)
            else:
                if owner[g] != u:
                    self.put(type=a, code=403, message="Not the owner")
                    return True
                d = m["dest"]
                if a == "kick":
                    if d not in inside:
                        self.put(type=a, code=404, message="Not a member")
                        return True
                    inside.remove(d)
                elif a == "ban":
                    banned[g].add(d)
                    audience[g].discard(d)
                    d in inside and inside.remove(d)
                elif d not in banned[g]:
                    self.put(type=a, code=404, message="Not banned")
                    return True
                else:
                    banned[g].discard(d)
                db.execute("insert into ev values(?,?)", (g, f"{u} {a} {d}"))
                self.event(d, event=a, sender=u, group=g, reason=m.get("reason"))
                self.put(type=a, code=200)
        else:
            self.put(type="error", code=501, message="Not implemented")
        return True


class S(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


S(("127.0.0.1", int(sys.argv[1])), H).serve_forever()
