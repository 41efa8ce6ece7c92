"""Framing: bytes go in as TCP cuts them, whole messages come out."""

import codecs
import json


class Framing:
    def __init__(self):
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")  # keeps half a character until the rest comes
        self.text, self.at, self.in_string, self.open = "", 0, False, []  # open: the brackets that are still to come

    def feed(self, data):
        """Yield each message that these bytes complete, and None for text that is no message."""
        self.text += self.decoder.decode(data)
        while self.at < len(self.text):
            self.at += 1
            if self.ends(self.text[self.at - 1]):
                yield self.take()

    def ends(self, char):
        """Tell whether a message ends with this character, or can no longer become one."""
        if self.in_string:
            self.at += char == "\\"  # the character behind it ends no string
            self.in_string = char != '"'
            return char < " "  # a line feed cannot stand in a string
        self.in_string = char == '"' and self.open != []
        if char == "{" or (char == "[" and self.open):
            self.open.append("}" if char == "{" else "]")
        elif not self.open:
            return not char.isspace()  # no object begins like this
        return char in "}]" and (self.open.pop() != char or not self.open)

    def take(self):
        try:
            message, end = json.loads(self.text[: self.at]), self.at
        except (ValueError, RecursionError):
            start = len(self.text) - len(self.text.lstrip())
            message, end = None, self.text.find("\n", start) + 1 or len(self.text)  # W-BAD-7: as far as its line goes
        self.text, self.at, self.in_string, self.open = self.text[end:], 0, False, []
        return message
