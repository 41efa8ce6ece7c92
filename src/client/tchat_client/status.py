"""How ``tchat`` ends: an exit status for each kind of trouble; of several the highest counts."""

from tchat_client.language import phrase

SUCCESS = 0
FAILURE = 1
WRONG_USAGE = 2
NO_SERVER = 3
NOT_WELCOME = 4
UNANSWERED = 5
ENDED = 6
SIGNALLED = 128
"""Added to the number of a signal."""

MEANINGS = {
    SUCCESS: phrase("every command was acknowledged"),
    FAILURE: phrase("a command was refused, or was none"),
    WRONG_USAGE: phrase("the command line is wrong"),
    NO_SERVER: phrase("no server answers"),
    NOT_WELCOME: phrase("the server does not answer the hello, or refuses it"),
    UNANSWERED: phrase("a command got no answer: what came of it is not known"),
    ENDED: phrase("the connection ended before the client did"),
    SIGNALLED: phrase("and more: a signal ended it, such as 130 for Ctrl-C; 141: nobody reads what is printed"),
}
