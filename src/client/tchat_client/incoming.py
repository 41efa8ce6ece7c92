"""What a session hands on: one thing after the other, each as it came."""

from dataclasses import dataclass

from tchat_client import near_forms
from tchat_protocol.framing import BadInput, Message
from tchat_protocol.messages import is_valid


@dataclass(frozen=True, slots=True)
class Notice:
    """What the session itself has to say, such as that the connection was lost: a sentence for a person."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing the server sent, of any shape: a message, known or not, or text that is none; or the session's word.

    ``missed`` marks a message that was fetched from the history after a reconnection: it stands as it would have been
    delivered. ``raw`` is the message as it came where it stood in an envelope.
    """

    content: Message | BadInput | Notice
    missed: bool = False
    raw: Message | None = None

    @property
    def valid(self) -> bool:
        """Whether it is an answer in the form that the schemas give it (A-FORM-1)."""
        return is_valid("answers", self.content)

    @property
    def action(self) -> str | None:
        """The action as PROTOCOL.md calls it; None of what is no message or has none."""
        return near_forms.standard_action(self.content) if isinstance(self.content, dict) else None

    @property
    def sender(self) -> str | None:
        """Who acts in it or wrote it."""
        return self._text("who")

    @property
    def group(self) -> str | None:
        """The group that it is about."""
        return self._text("group")

    @property
    def text(self) -> str | None:
        """What it says."""
        return self._text("msg")

    def _text(self, field: str) -> str | None:
        if not isinstance(self.content, dict):
            return None
        try:
            return str(near_forms.find(self.content, field)[1])
        except near_forms.Unreadable:
            return None
