# A student's server, a thread for each client, json.loads of each recv: whatever fails there (two objects in a chunk, a
# missing field, an unknown user) ends that client's thread and closes its connection, and nobody else notices.
# `cgroup` creates a group, private with typeg "groupe privee"; group answers are sentences in `msg`, join is answered
# by server-jgroup whether it worked or not; lists of users, groups and messages stand under `list`.
# An invitation permits joining a private group, a ban does not last, everything is lost at the end of the process.
# Port as the only argument.
import json
import socket
import sys
import threading

clients = {}
groups = {}


def send(conn, obj):
    try:
        conn.sendall(json.dumps(obj).encode("utf-8"))
    except OSError:
        print("un client est parti")


def send_group(group, obj):
    for name in list(groups[group]["members"]):
        conn = clients.get(name)
        if conn:
            send(conn, obj)


def group_request(conn, m):
    user = m["sender"]
    group = m["group"]
    action = m["action"]

    if action == "cgroup":
        if group in groups:
            send(conn, {"action": "server-cgroup", "msg": f"Le groupe {group} existe deja"})
            return
        private = m.get("typeg") == "groupe privee"
        groups[group] = {"members": [user], "owner": user, "private": private, "invited": [], "msgs": [], "events": []}
        groups[group]["events"].append(f"{user} a cree le groupe")
        send(conn, {"action": "server-cgroup", "msg": f"Le groupe {group} a ete cree"})
        return

    if group not in groups:
        reply = "server-jgroup" if action == "join" else "server-" + action
        send(conn, {"action": reply, "msg": f"Le groupe {group} n'existe pas"})
        return

    g = groups[group]
    if action == "join":
        if user in g["members"]:
            send(conn, {"action": "server-jgroup", "msg": f"Vous etes deja dans le groupe {group}"})
        elif g["private"] and user not in g["invited"]:
            send(conn, {"action": "server-jgroup", "msg": f"Le groupe {group} est prive"})
        else:
            g["members"].append(user)
            g["events"].append(f"{user} a rejoint le groupe")
            send_group(group, {"action": "server-jgroup", "msg": f"{user} a rejoint le groupe {group}"})
    elif action == "gbroadcast":
        if user not in g["members"]:
            send(conn, {"action": "server-gbroadcast", "msg": f"Vous n'etes pas dans le groupe {group}"})
        else:
            g["msgs"].append(f"{user} : {m['msg']}")
            send_group(group, {"action": "server-gbroadcast", "from": user, "group": group, "msg": m["msg"]})
    elif action == "members":
        send(conn, {"action": "server-members", "msg": f"Voici les membres de {group} : " + ", ".join(g["members"])})
    elif action == "msgs":
        send(conn, {"action": "server-msgs", "group": group, "list": g["msgs"]})
    elif action == "states":
        send(conn, {"action": "server-states", "group": group, "list": g["events"]})
    elif action == "leave":
        g["members"].remove(user)
        g["events"].append(f"{user} a quitte le groupe")
        send(conn, {"action": "server-leave", "msg": f"Vous avez quitte le groupe {group}"})
        send_group(group, {"action": "server-leave", "msg": f"{user} a quitte le groupe {group}"})
    elif action == "invite":
        g["invited"].append(m["dest"])
        g["events"].append(f"{user} a invite {m['dest']}")
        send(clients[m["dest"]], {"action": "server-invite", "msg": f"{user} vous invite dans le groupe {group}"})
        send(conn, {"action": "server-invite", "msg": f"{m['dest']} a ete invite dans le groupe {group}"})
    elif action in ("kick", "ban"):
        if user != g["owner"]:
            send(conn, {"action": "server-" + action, "msg": "Vous n'etes pas le proprietaire du groupe"})
            return
        g["members"].remove(m["dest"])
        g["events"].append(f"{m['dest']} a ete exclu par {user} : {m['reason']}")
        text = f"{m['dest']} a ete exclu du groupe {group} : {m['reason']}"
        send(clients[m["dest"]], {"action": "server-" + action, "msg": text})
        send_group(group, {"action": "server-" + action, "msg": text})
    elif action == "unban":
        send(conn, {"action": "server-unban", "msg": f"{m['dest']} peut revenir dans le groupe {group}"})


def request(conn, m):
    action = m["action"]
    if action == "client-hello":
        clients[m["from"]] = conn
        send(conn, {"action": "server-hello", "msg": "Bienvenue " + m["from"]})
        for name, other in list(clients.items()):
            if name != m["from"]:
                send(other, {"action": "server-broadcast", "from": "server", "msg": m["from"] + " est connecte"})
    elif action == "client-send":
        if m["to"] not in clients:
            send(conn, {"action": "server-send", "msg": "L'utilisateur " + m["to"] + " n'est pas connecte"})
        else:
            send(clients[m["to"]], {"action": "server-send", "from": m["from"], "msg": m["msg"]})
    elif action == "client-broadcast":
        for name, other in list(clients.items()):
            if name != m["from"]:
                send(other, {"action": "server-broadcast", "from": m["from"], "msg": m["msg"]})
    elif action == "client-list-clients":
        send(conn, {"action": "server-list-clients", "list": list(clients)})
    elif action == "groups":
        public = [name for name in groups if not groups[name]["private"]]
        send(conn, {"action": "server-groups", "list": public})
    elif action == "client-quit":
        send(conn, {"action": "server-quit", "msg": "Au revoir " + m["from"]})
        return False
    elif "group" in m:
        group_request(conn, m)
    return True


def client_thread(conn):
    try:
        going = True
        while going:
            data = conn.recv(4096)
            if not data:
                break
            going = request(conn, json.loads(data))
    finally:
        for name in list(clients):
            if clients[name] is conn:
                del clients[name]
        conn.close()


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
while True:
    connection, address = server.accept()
    threading.Thread(target=client_thread, args=(connection,), daemon=True).start()
