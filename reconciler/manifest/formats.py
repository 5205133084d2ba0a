"""The `format`s of our schemas: what a text must be, and in plain words why one is not.

Each check raises ValueError with the reason, and perhaps a hint as second argument. A message never
repeats a text that could hold a secret.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from reconciler.core.digest import Digest
from reconciler.core.names import ModelName, host_name
from reconciler.core.steps import STAGING_NAMESPACE, is_staging
from reconciler.manifest.folder import Folder

Check = Callable[[str, Folder], object]  # is given the text and the folder of the manifest

SECRET = frozenset({"env-name", "url"})  # formats whose values are never shown

_HUB_SECRETS = ("HF_", "HUGGING_FACE_", "HUGGINGFACE_")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _model_name(text: str) -> None:
    name = ModelName.parse(text)
    if name.reserved:
        raise ValueError(f"the tag {name.tag!r} is reserved by Ollama", "cloud, local and *-cloud lead elsewhere")
    if is_staging(name):
        raise ValueError(f"the namespace {STAGING_NAMESPACE!r} is where builds are made", "choose another namespace")


def _time(text: str) -> None:
    try:
        sound = bool(_TIME.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("this is no time of day in UTC", "for example: 2026-01-31T12:00:00.000Z")


def _env_name(text: str) -> None:
    if not _ENV_NAME.fullmatch(text):
        raise ValueError("this cannot be an environment variable", "give the variable's name, never the secret itself")
    if text.startswith(_HUB_SECRETS):
        raise ValueError(
            "this variable is for the Hugging Face hub, and goes to no host", "give the host its own token"
        )


def _url(text: str) -> None:
    if any(letter <= " " for letter in text):
        raise ValueError("a URL has no spaces")
    parts = _split(text)
    if parts.scheme not in {"http", "https"}:
        raise ValueError("a host's URL begins with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "a URL must not carry a user or password", "name the variable that holds the token under 'auth'"
        )
    if not parts.hostname:
        raise ValueError("the URL names no host")
    if parts.query or parts.fragment:
        raise ValueError("a host's URL has no '?' and no '#'")
    if not _has_sound_port(parts):
        raise ValueError("the URL's port is no number from 1 to 65535")


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise ValueError("this is not a URL") from None  # the library's words repeat the text


def _has_sound_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


FORMATS: Mapping[str, Check] = {
    "model-name": lambda text, _: _model_name(text),
    "host-name": lambda text, _: host_name(text),
    "listed-name": lambda text, _: ModelName.parse(text),
    "time": lambda text, _: _time(text),
    "sha256": lambda text, _: Digest.parse(text),
    "local-file": lambda text, folder: folder.file(text),
    "local-folder": lambda text, folder: folder.folder(text),
    "env-name": lambda text, _: _env_name(text),
    "url": lambda text, _: _url(text),
}
