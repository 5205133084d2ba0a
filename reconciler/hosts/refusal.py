"""What a host's refusal means: its words made fit to print, and a hint where we know better. Pure.

Text from a host is data: it is shortened, and whatever could steer a terminal is taken out.
The substrings below were seen on real servers from 0.9.3 on.
"""

import json
import re

from reconciler.errors import HostRejected

_LONGEST = 300  # characters of a host's text that we repeat
_ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\))")
_REDIRECTS = range(300, 400)
_PAGE = "the answer is a web page"
STRANGER = "is that Ollama, and not something else that listens there?"
_HINTS = (
    ("file does not exist", "the hub has no model of that name and tag"),
    ("no such file or directory", "the host lost a blob, perhaps at a restart: run apply again"),
    ("digest mismatch", "the content does not fit its digest: it was damaged or replaced on the way"),
    ("no space left on device", "free disk space on the host"),
    ("no Location header", "Ollama cannot pull from a plain registry: a proxy in front must add the header Location"),
    ("HTTP response to HTTPS client", "the hub speaks plain http: declare `insecure: true`"),
    ("pull model manifest: 401", "the hub wants the host's own Ollama key to be registered with it"),
    ("dial tcp", "the host itself cannot reach the hub"),
    ("unsupported architecture", "this version of Ollama cannot convert or run that architecture"),
    ("llama-quantize failed", "this version of Ollama cannot read that GGUF"),
    ("more system memory", "free memory on the host, or choose a smaller model or quantisation"),
    ("runner process has terminated", "the log of the host says why"),
    ("does not support generate", "it only embeds: test it with `embedding`"),
    ("does not support embeddings", "it does not embed: test it with `prompt` and `expect`"),
    ("quantization is only supported", "quantise from an F16 or F32 file"),
)


def printable(text: str) -> str:
    """Return a host's text on one line, without control characters, shortened to 300 characters."""
    plain = _ESCAPE_SEQUENCE.sub("", text[: 20 * _LONGEST])
    line = " ".join("".join(char if char.isprintable() else " " for char in plain).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def refused(status: int, body: str, *, where: str, token_env: str) -> HostRejected:
    """Return the error for an answer with a bad status; `token_env` names the variable its token came from, if any."""
    text = _error_of(body)
    message = printable(text) or f"HTTP {status} without a word"
    foreign = text == _PAGE or (status == 404 and text == body)  # Ollama has our paths, and says in JSON what it lacks
    hint = _hint_for_status(status, body, token_env) or hint_for(text) or (STRANGER if foreign else "")
    return HostRejected(message, status=status, hint=hint, where=where)


def hint_for(text: str) -> str:
    """Return what to do about an error text of Ollama's; empty where we know no better."""
    return next((hint for part, hint in _HINTS if part in text), "")


def _error_of(body: str) -> str:
    """Return the error inside a body: Ollama's own is JSON, a proxy's is a page or a line of text."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return _PAGE if body.lstrip().startswith("<") else body
    found = answer.get("error") if isinstance(answer, dict) else None
    return found if isinstance(found, str) else body


def _hint_for_status(status: int, body: str, token_env: str) -> str:
    if status == 403 and not body:
        return "Ollama on loopback refuses a foreign Host header: have the proxy in front send `Host: localhost`"
    if status in {401, 403}:
        return f"the token in ${token_env} was not accepted" if token_env else "it wants a token: declare spec.auth"
    if status == 413:
        return "a proxy in front of the host limits the size of uploads"
    if status in {502, 503, 504}:
        return "a proxy in front of the host cannot reach it"
    if status in _REDIRECTS:
        return "it sends us elsewhere: declare the final address in spec.url"
    return ""
