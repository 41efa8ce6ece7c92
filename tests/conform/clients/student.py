"""A small right client of the standard library alone, and the same with one fault put into it.

``python student.py --name alice --host H --port P [FAULT]``: commands line by line from standard input, answers as they
come. Each function in FAULTS takes something from it that a case about clients looks for.
"""

import codecs
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

Message = dict[str, Any]

COMMANDS: dict[str, tuple[str, str, list[str]]] = {
    "s": ("client-send", "from", ["to", "msg"]),
    "b": ("client-broadcast", "from", ["msg"]),
    "ls": ("client-list-clients", "from", []),
    "q": ("client-quit", "from", []),
    "cg": ("cgroupe", "sender", ["group", "private"]),
    "j": ("join", "sender", ["group"]),
    "bg": ("gbroadcast", "sender", ["group", "msg"]),
    "members": ("members", "sender", ["group"]),
    "messages": ("msgs", "sender", ["group", "limit", "before"]),
    "groups": ("groups", "name", []),
    "leave": ("leave", "sender", ["group"]),
    "invite": ("invite", "sender", ["group", "dest"]),
    "kick": ("kick", "sender", ["group", "dest", "reason"]),
    "ban": ("ban", "sender", ["group", "dest", "reason"]),
    "unban": ("unban", "sender", ["group", "dest"]),
    "states": ("states", "sender", ["group", "limit", "before"]),
}
OPTIONAL = ("private", "limit", "before")
KNOWN = {f"server-{action.removeprefix('client-')}" for action, _, _ in COMMANDS.values()}
KNOWN |= {"server-hello", "server-presence", "server-error"}


class Client:
    """The right client; faults replace its methods."""

    def __init__(self, name: str, host: str, port: int) -> None:
        self.name = name
        self.sent = 0
        self.socket = socket.create_connection((host, port))
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.text = ""

    # -- what is sent -------------------------------------------------------------------------------------

    def hello(self) -> None:
        self.send({"action": "client-hello", "from": self.name})

    def send(self, message: Message) -> None:
        self.sent += 1
        self.write(self.encode(message))

    def encode(self, message: Message) -> bytes:
        return json.dumps(message, ensure_ascii=False).encode() + b"\n"

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def request(self, line: str) -> Message | None:
        word, _, rest = line.partition(";")
        if word not in COMMANDS:
            return None
        action, sender, fields = COMMANDS[word]
        values = rest.split(";", len(fields) - 1) if fields else []
        message: Message = {"action": action, sender: self.name, **dict(zip(fields, values, strict=False))}
        for field in OPTIONAL:
            if field in message:
                message[field] = True if field == "private" else int(message[field])
        return message

    def obey(self, line: str) -> None:
        if not line.strip():
            return
        message = self.request(line)
        if message is None:
            print("no such command")
        else:
            self.send(message)

    # -- what is shown ------------------------------------------------------------------------------------

    def receive(self) -> None:
        while data := self.read():
            for message in self.messages(data):
                self.take(message)
        self.closed()

    def read(self) -> bytes:
        try:
            return self.socket.recv(65_536)
        except OSError:
            return b""

    def closed(self) -> None:
        print("the server has gone")
        os._exit(0)

    def messages(self, data: bytes) -> Iterator[Any]:
        self.text += self.decode(data)
        while self.text.strip():
            self.text = self.text.lstrip()
            if not self.text.startswith("{"):
                bad, _, self.text = self.text.partition("\n")
                yield bad
                continue
            try:
                message, end = json.JSONDecoder().raw_decode(self.text)
            except ValueError:
                return
            self.text = self.text[end:]
            yield message

    def take(self, message: Any) -> None:
        self.show(message)

    def show(self, message: Any) -> None:
        print(self.clean(self.line(message)), flush=True)

    def line(self, message: Any) -> str:
        return json.dumps(message, ensure_ascii=False)

    def clean(self, text: str) -> str:
        return "".join(each if each.isprintable() else "?" for each in text)


# -- faults -----------------------------------------------------------------------------------------------

FAULTS: dict[str, Callable[[], None]] = {}


def fault(put: Callable[[], None]) -> Callable[[], None]:
    FAULTS[put.__name__] = put
    return put


def changes_requests(change: Callable[[Message], Message | None]) -> None:
    """Have each request changed before it is sent, or kept back."""
    send = Client.send

    def changed(self: Client, message: Message) -> None:
        other = change(dict(message))
        if other is not None:
            send(self, other)

    Client.send = changed  # type: ignore[method-assign]


def changes_bytes(change: Callable[[bytes], bytes]) -> None:
    encode = Client.encode
    Client.encode = lambda self, message: change(encode(self, message))  # type: ignore[method-assign]


def takes_otherwise(take: Callable[[Client, Any], bool]) -> None:
    """Have messages looked at first; they are shown if that returns true."""

    def taken(self: Client, message: Any) -> None:
        if take(self, message):
            self.show(message)

    Client.take = taken  # type: ignore[method-assign]


def hides(field: str, *actions: str) -> None:
    """Have a field left out of what is shown of some messages."""

    def line(self: Client, message: Any) -> str:
        if isinstance(message, dict) and message.get("action") in actions:
            message = {name: value for name, value in message.items() if name != field}
        return json.dumps(message, ensure_ascii=False)

    Client.line = line  # type: ignore[method-assign]


def dies_if(bad: Callable[[Client, Any], bool]) -> None:
    """Have the process end with an error on some messages."""

    def take(self: Client, message: Any) -> bool:
        if bad(self, message):
            print("Error: uncaught", flush=True)
            os._exit(1)
        return True

    takes_otherwise(take)


@fault
def writes_a_byte_order_mark() -> None:
    changes_bytes(lambda data: b"\xef\xbb\xbf" + data)


@fault
def writes_latin_1() -> None:
    changes_bytes(lambda data: data.decode().encode("latin-1", "replace"))


@fault
def writes_no_line_feed() -> None:
    changes_bytes(lambda data: data.rstrip(b"\n"))


@fault
def sends_numbers_for_names() -> None:
    changes_requests(lambda message: {**message, "to": [message["to"]]} if "to" in message else message)


@fault
def renames_the_sender() -> None:
    def renamed(message: Message) -> Message:
        if "sender" in message:
            message["from"] = message.pop("sender")
        elif "from" in message:
            message["sender"] = message.pop("from")
        return message

    changes_requests(renamed)


@fault
def makes_up_a_name() -> None:
    def renamed(message: Message) -> Message:
        return {name: "guest" if value == "alice" else value for name, value in message.items()}

    changes_requests(renamed)


@fault
def forgets_the_name() -> None:
    def nameless(message: Message) -> Message:
        hello = message["action"] == "client-hello"
        return {name: value for name, value in message.items() if hello or value != "alice"}

    changes_requests(nameless)


@fault
def says_no_hello() -> None:
    changes_requests(lambda message: None if message["action"] == "client-hello" else message)


@fault
def says_an_odd_hello() -> None:
    changes_requests(lambda message: {**message, "pass": 7} if message["action"] == "client-hello" else message)


@fault
def sends_twice() -> None:
    changes_bytes(lambda data: data if b"client-hello" in data else data * 2)


@fault
def broadcasts_what_is_no_command() -> None:
    obey = Client.obey

    def obeyed(self: Client, line: str) -> None:
        obey(self, line if line.partition(";")[0] in COMMANDS else f"b;{line}")

    Client.obey = obeyed  # type: ignore[method-assign]


@fault
def sends_empty_lines() -> None:
    obey = Client.obey

    def obeyed(self: Client, line: str) -> None:
        obey(self, line.strip() or "ls;")

    Client.obey = obeyed  # type: ignore[method-assign]


@fault
def does_not_know_invite() -> None:
    del COMMANDS["invite"]


@fault
def cuts_texts_at_semicolons() -> None:
    request = Client.request

    def cut(self: Client, line: str) -> Message | None:
        message = request(self, line)
        return message and {
            name: value.partition(";")[0] if name in ("msg", "reason") else value for name, value in message.items()
        }

    Client.request = cut  # type: ignore[method-assign]


@fault
def drops_quotes() -> None:
    changes_requests(
        lambda message: {**message, "msg": message["msg"].replace('"', "")} if "msg" in message else message
    )


def sends_another_action(word: str) -> None:
    @fault
    def put() -> None:
        action, sender, fields = COMMANDS[word]
        COMMANDS[word] = ("leave" if action != "leave" else "join", sender, fields)

    FAULTS[f"sends_another_action_for_{word}"] = FAULTS.pop("put")


for _word in COMMANDS:
    sends_another_action(_word)


@fault
def forgets_the_group_it_founds() -> None:
    changes_requests(lambda message: {**message, "group": "main"} if message["action"] == "members" else message)


@fault
def quits_without_a_word() -> None:
    def quitting(message: Message) -> Message:
        if message["action"] == "client-quit":
            os._exit(0)
        return message

    changes_requests(quitting)


@fault
def stays_after_quit() -> None:
    def closed(self: Client) -> None:
        time.sleep(3600)

    Client.closed = closed  # type: ignore[method-assign]


@fault
def says_private_in_words() -> None:
    def worded(message: Message) -> Message:
        if message.pop("private", False):
            message["type"] = "private"
        return message

    changes_requests(worded)


@fault
def makes_every_group_private() -> None:
    changes_requests(lambda message: {**message, "private": True} if message["action"] == "cgroupe" else message)


@fault
def forgets_pages() -> None:
    changes_requests(lambda message: {name: each for name, each in message.items() if name not in ("limit", "before")})


@fault
def hides_texts() -> None:
    hides("msg", "server-send", "server-broadcast", "server-gbroadcast")


@fault
def hides_who_wrote() -> None:
    hides("from", "server-send", "server-broadcast", "server-presence")


@fault
def hides_who_is_online() -> None:
    hides("clients", "server-list-clients")


@fault
def hides_why() -> None:
    hides("msg", "server-error")


@fault
def hides_the_group() -> None:
    hides("group", *KNOWN)


@fault
def hides_reasons() -> None:
    hides("reason", *KNOWN)


@fault
def hides_who_posted() -> None:
    hides("sender", *KNOWN)


@fault
def hides_who_it_is_about() -> None:
    hides("dest", *KNOWN)


@fault
def hides_members_and_groups() -> None:
    def line(self: Client, message: Any) -> str:
        if isinstance(message, dict) and message.get("action") in ("server-members", "server-groups"):
            return str(message["action"])
        return json.dumps(message, ensure_ascii=False)

    Client.line = line  # type: ignore[method-assign]


@fault
def reads_the_owner_as_text() -> None:
    dies_if(lambda self, message: isinstance(message, dict) and message.get("owner", "") is None)


@fault
def shows_half_a_history() -> None:
    def line(self: Client, message: Any) -> str:
        for field in ("messages", "events") if isinstance(message, dict) else ():
            if field in message:
                message = {**message, field: message[field][: len(message[field]) // 2]}
        return json.dumps(message, ensure_ascii=False)

    Client.line = line  # type: ignore[method-assign]


@fault
def reads_the_first_item() -> None:
    def bad(self: Client, message: Any) -> bool:
        return isinstance(message, dict) and message.get("messages") == []

    dies_if(bad)


@fault
def shows_nothing_of_a_refused_hello() -> None:
    def take(self: Client, message: Any) -> bool:
        return not (self.sent == 1 and isinstance(message, dict) and message.get("action") == "server-error")

    takes_otherwise(take)


@fault
def shows_nothing_before_a_command() -> None:
    def take(self: Client, message: Any) -> bool:
        text = str(message.get("msg", "")) if isinstance(message, dict) else ""
        return not text.startswith(("first", "second"))

    takes_otherwise(take)


@fault
def takes_a_chunk_for_a_message() -> None:
    Client.messages = lambda self, data: iter([json.loads(data)])  # type: ignore[method-assign]


@fault
def takes_a_line_for_a_message() -> None:
    def messages(self: Client, data: bytes) -> Iterator[Any]:
        *lines, self.text = (self.text + self.decode(data)).split("\n")
        for line in lines:
            yield json.loads(line)

    Client.messages = messages  # type: ignore[method-assign]


@fault
def takes_lf_alone_for_the_end() -> None:
    def messages(self: Client, data: bytes) -> Iterator[Any]:
        *lines, self.text = (self.text + self.decode(data)).split("\n")
        for line in lines:
            yield json.loads(line) if line.endswith("}") else "a line without an end"

    Client.messages = messages  # type: ignore[method-assign]


@fault
def knows_no_escapes() -> None:
    def messages(self: Client, data: bytes) -> Iterator[Any]:
        yield from whole(self, data.replace(b"\\u", b"?"))

    whole = Client.messages
    Client.messages = messages  # type: ignore[method-assign]


@fault
def decodes_each_chunk() -> None:
    Client.__init__ = _decoding_each_chunk(Client.__init__)  # type: ignore[method-assign]


def _decoding_each_chunk(begin: Callable[..., None]) -> Callable[..., None]:
    def begun(self: Client, *arguments: Any) -> None:
        begin(self, *arguments)
        self.decode = lambda data: data.decode("utf-8", "replace")  # type: ignore[assignment, misc]

    return begun


@fault
def shows_the_first_of_a_chunk() -> None:
    messages = Client.messages
    Client.messages = lambda self, data: iter(list(messages(self, data))[:1])  # type: ignore[method-assign]


@fault
def dies_of_unknown_fields() -> None:
    dies_if(lambda self, message: isinstance(message, dict) and "x-tags" in message)


@fault
def dies_of_unknown_actions() -> None:
    dies_if(lambda self, message: isinstance(message, dict) and message.get("action") not in KNOWN)


@fault
def reads_64_kb() -> None:
    def messages(self: Client, data: bytes) -> Iterator[Any]:
        if len(self.text) > 65_536:
            raise SystemExit("Error: too long")
        yield from right(self, data)

    right = Client.messages
    Client.messages = messages  # type: ignore[method-assign]


@fault
def takes_the_next_message_for_the_answer() -> None:
    waiting = threading.Event()
    obey = Client.obey

    def obeyed(self: Client, line: str) -> None:
        waiting.set()
        obey(self, line)

    def bad(self: Client, message: Any) -> bool:
        other = isinstance(message, dict) and message.get("from", message.get("sender")) == "bob"
        if other:
            return waiting.is_set()
        waiting.clear()
        return False

    Client.obey = obeyed  # type: ignore[method-assign]
    dies_if(bad)


@fault
def dies_of_refusals() -> None:
    dies_if(lambda self, message: isinstance(message, dict) and message.get("action") == "server-error")


@fault
def goes_deaf_at_refusals() -> None:
    def take(self: Client, message: Any) -> bool:
        if isinstance(message, dict) and message.get("action") == "server-error":
            Client.obey = lambda self, line: None  # type: ignore[method-assign]
        return True

    takes_otherwise(take)


@fault
def needs_its_id() -> None:
    changes_requests(lambda message: {**message, "id": 5})
    dies_if(lambda self, message: "clients" in message and message.get("id") != 5)


@fault
def waits_for_each_answer() -> None:
    """Take no command while one is not answered."""
    answered = threading.Event()
    answered.set()
    obey = Client.obey

    def obeyed(self: Client, line: str) -> None:
        answered.wait()
        answered.clear()
        obey(self, line)

    def take(self: Client, message: Any) -> bool:
        answered.set()
        return True

    Client.obey = obeyed  # type: ignore[method-assign]
    takes_otherwise(take)


@fault
def gives_up_after_half_a_second() -> None:
    obey = Client.obey

    def obeyed(self: Client, line: str) -> None:
        obey(self, line)
        timer = threading.Timer(0.5, os._exit, (1,))
        timer.daemon = True
        timer.start()
        self.timer = timer  # type: ignore[attr-defined]

    def take(self: Client, message: Any) -> bool:
        if hasattr(self, "timer"):
            self.timer.cancel()
        return True

    Client.obey = obeyed  # type: ignore[method-assign]
    takes_otherwise(take)


@fault
def reads_every_field_unasked() -> None:
    dies_if(lambda self, message: not isinstance(message, dict) or "action" not in message)


@fault
def obeys_control_characters() -> None:
    Client.line = lambda self, message: str(message.get("msg") or message.get("reason") or message)  # type: ignore[method-assign]
    Client.clean = lambda self, text: text  # type: ignore[method-assign]


@fault
def never_connects() -> None:
    def wait(self: Client, *_: Any) -> None:
        time.sleep(3600)

    Client.__init__ = wait  # type: ignore[method-assign, assignment]


@fault
def turns_a_wheel() -> None:
    """Draw for ever, and never connect."""

    def wait(self: Client, *_: Any) -> None:
        while True:
            print("connecting", end="\r", flush=True)
            time.sleep(0.05)

    Client.__init__ = wait  # type: ignore[method-assign, assignment]


@fault
def ends_at_once() -> None:
    def end(self: Client, *_: Any) -> None:
        raise SystemExit("Error: no such display")

    Client.__init__ = end  # type: ignore[method-assign, assignment]


# -- ways ---------------------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[], None]] = {}
"""Other ways to be a right client: no case finds fault with them."""


def way(put: Callable[[], None]) -> Callable[[], None]:
    WAYS[put.__name__] = put
    return put


@way
def asks_for_the_name_once_connected() -> None:
    hello = Client.hello

    def asked(self: Client) -> None:
        self.name = input("Votre pseudo : ")
        hello(self)

    Client.hello = asked  # type: ignore[method-assign]


@way
def takes_the_name_from_the_environment() -> None:
    hello = Client.hello

    def named(self: Client) -> None:
        self.name = os.environ["NAME"]
        hello(self)

    Client.hello = named  # type: ignore[method-assign]


@way
def asks_for_the_list_unasked() -> None:
    """Say hello, and go on only once the list that it asks for by itself is there."""
    listed = threading.Event()
    hello, obey = Client.hello, Client.obey

    def greeted(self: Client) -> None:
        hello(self)
        self.send({"action": "groups", "name": self.name})

    def taken(self: Client, message: Any) -> bool:
        if isinstance(message, dict) and message.get("action") in ("server-groups", "server-error"):
            listed.set()
        return True

    def obeyed(self: Client, line: str) -> None:
        listed.wait()
        obey(self, line)

    Client.hello, Client.obey = greeted, obeyed  # type: ignore[method-assign]
    takes_otherwise(taken)


@way
def shows_colours_and_a_prompt() -> None:
    def show(self: Client, message: Any) -> None:
        print(f"\r\x1b[2K\x1b[1;32m{self.clean(self.line(message))}\x1b[0m\n> ", end="", flush=True)

    Client.show = show  # type: ignore[method-assign]


@way
def draws_the_whole_screen() -> None:
    """Draw each character at its place, as programs do that own the screen."""
    shown: list[str] = []

    def show(self: Client, message: Any) -> None:
        text = self.clean(self.line(message))
        shown.extend(text[begin : begin + 200] for begin in range(0, len(text), 200))
        for row, line in enumerate(shown[-40:], 1):
            print("".join(f"\x1b[{row};{column}H{char}" for column, char in enumerate(line, 1)), end="\x1b[K")
        print("\x1b[45;1H\x1b[K> ", end="", flush=True)

    Client.show = show  # type: ignore[method-assign]


@way
def asks_what_each_command_needs() -> None:
    """Take words of a menu, and ask for each field."""

    def obeyed(self: Client, word: str) -> None:
        if word not in COMMANDS:
            print(f"one of {', '.join(COMMANDS)}")
            return
        _, _, fields = COMMANDS[word]
        obey(self, ";".join([word, *(input(f"{field} ? ") for field in fields if field not in OPTIONAL)]))

    obey = Client.obey
    Client.obey = obeyed  # type: ignore[method-assign, assignment]


def main() -> None:
    given = dict(zip(sys.argv[1:7:2], sys.argv[2:7:2], strict=True))
    for name in sys.argv[7:]:
        (FAULTS | WAYS)[name]()
    client = Client(given["--name"], given["--host"], int(given["--port"]))
    threading.Thread(target=client.receive, daemon=True).start()
    client.hello()
    for line in sys.stdin:
        client.obey(line.rstrip("\n"))


if __name__ == "__main__":
    main()
