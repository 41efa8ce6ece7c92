# A student's server in asyncio that reads line by line: without a line feed after it, a request waits for ever, and
# pretty-printed requests are not understood. Its answers are pretty-printed over several lines, with CRLF.
# Base layer and public groups with standard names and acknowledgements, errors in words alone; `private` is ignored,
# no bans or kicks or unbans or invitations, no states. The sender must say hello first, on any connection.
# Port as the only argument.
import asyncio
import json
import sys

online = {}
groups = {}


def say(writer, **message):
    writer.write(json.dumps(message, indent=2, ensure_ascii=False).replace("\n", "\r\n").encode() + b"\r\n")


def say_all(names, **message):
    for name in names:
        if name in online:
            say(online[name], **message)


def refuse(writer, msg):
    say(writer, action="server-error", msg=msg)


def base(writer, user, m):
    action = m["action"]
    if action == "client-send":
        if m.get("to") not in online:
            refuse(writer, f"{m.get('to')} is not connected")
        else:
            say_all({user, m["to"]}, action="server-send", **{"from": user}, to=m["to"], msg=m.get("msg"))
    elif action == "client-broadcast":
        say_all(online, action="server-broadcast", **{"from": user}, msg=m.get("msg"))
    elif action == "client-list-clients":
        say(writer, action="server-list-clients", clients=list(online))
    elif action == "groups":
        listed = [{"group": g, "owner": x["owner"], "members": len(x["members"])} for g, x in groups.items()]
        say(writer, action="server-groups", groups=listed)
    else:
        refuse(writer, f"unknown action {action}")


def group_action(writer, user, m):
    action, group = m["action"], m["group"]
    if action == "cgroupe":
        if group in groups:
            return refuse(writer, f"group {group} exists")
        groups[group] = {"owner": user, "members": [user], "messages": []}
        return say(writer, action="server-cgroupe", sender=user, group=group, private=False)
    if action not in ("join", "leave", "gbroadcast", "members", "msgs"):
        return refuse(writer, f"unknown action {action}")
    if group not in groups:
        return refuse(writer, f"no group {group}")
    g = groups[group]
    if action == "join":
        if user in g["members"]:
            return refuse(writer, f"you are in {group} already")
        g["members"].append(user)
        return say_all(g["members"], action="server-join", sender=user, group=group)
    if action == "members":
        there = [n for n in g["members"] if n in online]
        return say(
            writer,
            action="server-members",
            group=group,
            owner=g["owner"],
            private=False,
            members=g["members"],
            online=there,
        )
    if action == "msgs":
        return say(writer, action="server-msgs", group=group, messages=g["messages"], more=False)
    if user not in g["members"]:
        return refuse(writer, f"you are not in {group}")
    if action == "leave":
        say_all(g["members"], action="server-leave", sender=user, group=group)
        return g["members"].remove(user)
    g["messages"].append({"sender": user, "msg": m.get("msg")})
    return say_all(g["members"], action="server-gbroadcast", sender=user, group=group, msg=m.get("msg"))


async def client(reader, writer):
    user = None
    try:
        while line := await reader.readline():
            if not line.strip():
                continue
            try:
                m = json.loads(line)
                action = m["action"]
            except (ValueError, TypeError, KeyError):
                refuse(writer, "this line is no request")
                continue
            if action == "client-hello" and m.get("from"):
                user = m["from"]
                online[user] = writer
                say(writer, action="server-hello", **{"from": user}, msg=f"Hello {user}")
                say_all([n for n in online if n != user], action="server-presence", **{"from": user}, online=True)
            elif user is None:
                refuse(writer, "say hello first")
            elif action == "client-quit":
                say(writer, action="server-quit", **{"from": user})
                break
            elif m.get("group"):
                group_action(writer, user, m)
            else:
                base(writer, user, m)
    except (ConnectionError, ValueError) as err:
        print("closing:", err, file=sys.stderr)
    finally:
        if user in online and online[user] is writer:
            del online[user]
            say_all(online, action="server-presence", **{"from": user}, online=False)
        writer.close()


async def main():
    server = await asyncio.start_server(client, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
