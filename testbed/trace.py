"""The trace of a run: what the peer did, as a line of tokens; and patterns over such lines.

Tokens, in the notation of the case catalogue:

    RQ  AC(1:0;3:4)  RJ(1,1,2)  RELEASE  RP  AB(2,6)     A-ASSOCIATE-RQ, -AC (context:result), -RJ,
                                                         A-RELEASE-RQ, -RP, A-ABORT
    C-ECHO-RSP(0000)  C-STORE-RQ  C-CANCEL-RQ            a whole DIMSE message (status of a response)
    BADMSG  BADDATA  PDU(09)  JUNK                       an unreadable command, unreadable P-DATA-TF,
                                                         an undefined PDU type, bytes that are no PDU
    STILL                                                nothing came, it was still open; the tester went on
    CLOSE  OPEN                                          the end: FIN or RST; still open, nothing came

A pattern is a sequence of such tokens. `*` inside parentheses stands for anything but a comma,
`a/b` for either, a token without parentheses for any arguments. `?`, `+` and `*` after a token have
their usual meaning; `or` separates alternatives. Classes: `REQ` any request, `RSP` any response, `MSG`
any whole message, `ANY` any token but the end. `CLOSE` or `OPEN` at the end of a pattern must be met; a
pattern without them does not care how the run ended.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

ENDS = ("CLOSE", "OPEN")
_NAME = r"[A-Z0-9-]+"
_ARGS = r"(?:\([^)]*\))?"
#: What the tokens mean, for people who read a report for the first time.
LEGEND = {
    "RQ": "RQ: A-ASSOCIATE-RQ",
    "AC": "AC(context:result;...): A-ASSOCIATE-AC",
    "RJ": "RJ(result,source,reason): A-ASSOCIATE-RJ",
    "RELEASE": "RELEASE: A-RELEASE-RQ",
    "RP": "RP: A-RELEASE-RP",
    "AB": "AB(source,reason): A-ABORT, source 0 user, 2 provider",
    "RSP": "C-...-RSP(status): a whole DIMSE response",
    "REQ": "C-...-RQ: a whole DIMSE request",
    "BADMSG": "BADMSG: an unreadable command set",
    "BADDATA": "BADDATA: an unreadable P-DATA-TF",
    "PDU": "PDU(type): a PDU type that PS3.8 does not define",
    "JUNK": "JUNK: bytes that are no PDU",
    "STILL": "STILL: nothing came, the connection was still open, and the tester went on",
    "CLOSE": "CLOSE: the peer closed the connection (FIN or RST)",
    "OPEN": "OPEN: nothing (more) came, the connection is still open",
    "REFUSED": "REFUSED: no connection, or no TLS handshake",
}
_CLASSES = {
    "REQ": r"[CN]-[A-Z0-9-]+-RQ",
    "RSP": rf"[CN]-[A-Z0-9-]+-RSP{_ARGS}",
    "MSG": rf"(?:[CN]-[A-Z0-9-]+-RQ|[CN]-[A-Z0-9-]+-RSP{_ARGS}|BADMSG)",
    "ANY": rf"(?!(?:CLOSE|OPEN) ){_NAME}{_ARGS}",
}
_TOKEN = re.compile(r"(?P<name>[A-Z][A-Z0-9-]*)(?:\((?P<args>[^)]*)\))?(?P<times>[?+*]?)$")


def _arguments(text: str) -> str:
    parts = []
    for argument in text.split(","):
        choices = [re.escape(choice).replace(r"\*", "[^,)]*") for choice in argument.split("/")]
        parts.append(choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})")
    return r"\(" + ",".join(parts) + r"\)"


def _token(text: str) -> str:
    match = _TOKEN.match(text)
    if match is None:
        raise ValueError(f"not a pattern token: {text!r}")
    name, args, times = match["name"], match["args"], match["times"]
    if name in _CLASSES:
        body = _CLASSES[name]
    else:
        body = re.escape(name) + (_ARGS if args is None else _arguments(args))
    return f"(?:{body} ){times}"


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern, to be matched against the tokens joined by spaces.

    Raises:
        ValueError: the pattern is not one.
    """
    alternatives = []
    for alternative in pattern.split(" or "):
        words = alternative.split()
        body = "".join(_token(word) for word in words)
        ended = bool(words) and words[-1] in ENDS
        alternatives.append(body if ended else f"{body}(?:CLOSE |OPEN )?")
    return re.compile(f"(?:{'|'.join(alternatives)})")


def legend(texts: Iterable[str]) -> list[str]:
    """The meaning of the tokens that occur in some traces or patterns, and of the wildcards."""
    words = {word for text in texts for word in re.findall(r"[A-Z][A-Z0-9-]*", text)}
    words |= {"RSP" for word in words if word.endswith("-RSP")}
    words |= {"REQ" for word in words if re.match(r"[CN]-.*-RQ$", word)}
    lines = [meaning for token, meaning in LEGEND.items() if token in words]
    return [*lines, "* any value, a/b either, ? optional, + repeated"]


def matches(pattern: str, tokens: list[str]) -> bool:
    """Whether the whole trace fits the pattern."""
    return compiled(pattern).fullmatch("".join(f"{token} " for token in tokens)) is not None


def ends_with(pattern: str, tokens: list[str]) -> bool:
    """Whether some tail of the trace fits the pattern (what a Read waits for)."""
    return any(matches(pattern, tokens[at:]) for at in range(len(tokens)))


def starts_with(pattern: str, tokens: list[str]) -> bool:
    """Whether some proper head of the trace fits the pattern: the rest was too much."""
    body = [token for token in tokens if token not in ENDS]
    return any(matches(pattern, body[:at]) for at in range(1, len(body)))
