# A student's client that asks: name and password at prompts (the password without echo), then a menu: `s` asks to whom
# and what, `b` asks what, `ls` lists, `q` quits. It knows no group commands.
# It writes no line feed and takes each recv for one message, in a thread of its own: on two messages in one, or on text
# that is no JSON, that thread ends with a traceback, and the user sees nothing more but can still write.
# Arguments host=H and port=P.
import getpass
import json
import socket
import sys
import threading

MENU = "s: message prive, b: message a tous, ls: liste, q: quitter"

options = dict(argument.split("=", 1) for argument in sys.argv[1:])


def send(obj):
    sock.sendall(json.dumps(obj).encode())


def receive():
    while data := sock.recv(4096):
        obj = json.loads(data)
        action = obj.get("action")
        if action == "server-send":
            print(f"\n[prive] {obj['from']} : {obj['msg']}")
        elif action == "server-broadcast":
            print(f"\n{obj['from']} : {obj['msg']}")
        elif action == "server-list-clients":
            print("\nconnectes :", ", ".join(obj["clients"]))
        elif action == "server-error":
            print("\nerreur :", obj["msg"])
        elif "msg" in obj:
            print("\n" + obj["msg"])
    print("\nLe serveur a ferme la connexion.")


name = input("Nom : ")
password = getpass.getpass("Mot de passe : ")
sock = socket.create_connection((options.get("host", "127.0.0.1"), int(options["port"])))
threading.Thread(target=receive, daemon=True).start()
send({"action": "client-hello", "from": name, "password": password})
print(MENU)
while True:
    try:
        choice = input("> ").strip()
    except EOFError:
        break
    if choice == "s":
        to = input("A qui ? ")
        send({"action": "client-send", "from": name, "to": to, "msg": input("Message ? ")})
    elif choice == "b":
        send({"action": "client-broadcast", "from": name, "msg": input("Message ? ")})
    elif choice == "ls":
        send({"action": "client-list-clients", "from": name})
    elif choice == "q":
        send({"action": "client-quit", "from": name})
        break
    else:
        print(MENU)
sock.close()
