"""Who is who: what a request has to hold, whom its connection belongs to, and who is online."""

import unicodedata

online = {}  # name: connection


def is_name(value):
    return is_text(value, 32) and not any(c.isspace() or c == ";" or unicodedata.category(c) == "Cc" for c in value)


def is_text(value, most=8192):
    return isinstance(value, str) and 1 <= len(value) <= most


def is_id(value):
    return is_text(value, 64) or (type(value) is int and abs(value) < 2**53)


RULES = dict.fromkeys(["from", "sender", "name", "to", "dest", "group"], is_name) | {"msg": is_text, "id": is_id}
SAME = [("from", "sender", "name"), ("to", "dest")]  # I-ALIAS-1 and 2: the course's texts mix them


def refusal(request, fields, connection):
    """Return why a request is refused. ``fields`` must be there, who asks first; without them the action is unknown."""
    if not isinstance(request.get("action"), str):
        return {"code": "bad-message", "msg": "The action is missing.", "field": "/action"}
    if fields is None:
        return {"code": "unknown-action", "msg": "This server does not know the action."}
    for field in fields:
        for alias in next((same for same in SAME if field in same), []):
            if alias in request:
                request.setdefault(field, request[alias])
    for field in fields + ["id"] * ("id" in request):
        if not RULES[field](request.get(field)):
            return {"code": "bad-message", "msg": f"{field} is missing or has a wrong value.", "field": f"/{field}"}
    name = request[fields[0]] if fields else connection.name
    if connection.name and connection.name != name:
        return {"code": "sender-mismatch", "msg": f"This connection belongs to {connection.name}."}
    if not connection.name and name in online:
        return {"code": "name-taken", "msg": f"{name} is online already."}
    return None


def arrive(connection, name):
    """Give a connection its name, and tell everybody else; I-BIND-1: the first request does it, hello or not."""
    if not connection.name:
        connection.name = name
        tell_presence(name, True)
        online[name] = connection


def leave(connection):
    """Take the name away again, once, however the connection ended."""
    if not connection.gone:
        connection.gone = True
        if online.pop(connection.name, None):
            tell_presence(connection.name, False)


def tell_presence(name, here):
    for other in online.values():
        other.send({"action": "server-presence", "from": name, "online": here})
