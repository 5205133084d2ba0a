"""What a Hugging Face repo holds, told by the hub's API, by names, and by headers that are read in parts.

The token goes to the hub and not to the storage that it redirects to, as for a download.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from reconciler.core.compatibility import judge
from reconciler.core.found import Format, Found
from reconciler.errors import AccessDenied, NotFound
from reconciler.sources import Context
from reconciler.sources._files.listed import ListedFile, human
from reconciler.sources._formats.gguf_bytes import Readable
from reconciler.sources._formats.model_files import examined
from reconciler.sources._formats.tensor_set import completed
from reconciler.sources._hugging_face.api import HubApi
from reconciler.sources._hugging_face.choice import LARGEST
from reconciler.sources._hugging_face.search import close_names, gguf_repos
from reconciler.transport import Http

_REDIRECTS = 3
_MAIN = "main"


def inspect(context: Context, reference: str) -> Found:
    """Return what `org/repo` or `org/repo@revision` holds; raises ResolutionError."""
    repo, _, revision = reference.partition("@")
    return _Inspection(context, repo, revision or _MAIN).found()


class _Inspection:
    """One look at one repo."""

    def __init__(self, context: Context, repo: str, revision: str) -> None:
        self._http: Http = context.http
        self._api, self._repo, self._revision = HubApi(context), repo, revision
        self._commit = ""

    def found(self) -> Found:
        self._commit, info = self._about()
        files = self._api.listed(self._repo, self._commit)
        found = examined(self._start(info), files, self._open, _obstacle)
        found = completed(found, self._repo, files, self._open)
        if (judge(found).declarable and found.format is not Format.SAFETENSORS) or found.denied[0]:
            return found
        return replace(found, alternatives=gguf_repos(self._http, self._api, self._repo))

    def _about(self) -> tuple[str, dict[str, object]]:
        """Return the commit and what the hub says; raises NotFound with names that are close."""
        try:
            return self._api.about(self._repo, self._revision)
        except NotFound as error:
            close = close_names(self._http, self._api, self._repo)
            if not close or self._repo in close:
                raise
            hint = f"did you mean {', '.join(f'hf:{name}' for name in close)}? {error.hint}"
            raise NotFound(error.message, hint=hint) from error

    def _start(self, info: Mapping[str, object]) -> Found:
        """Return what the hub says about the repo as a whole."""
        revision = () if self._revision == _MAIN else (("revision", self._revision),)
        access, denied = "", ("", "")
        if info.get("private"):
            access = "private"
        elif info.get("gated"):
            access = "gated"
            try:
                self._api.admit(self._repo)
            except AccessDenied as error:
                denied = (error.message, error.hint)
        return Found(
            asked=f"hf:{self._repo}@{self._revision}",
            type="huggingface",
            options=(("repo", self._repo), *revision),
            parameters=_total(info.get("gguf")) or _total(info.get("safetensors")),
            license=_license(info),
            access=access,
            denied=denied,
        )

    def _open(self, file: ListedFile) -> AbstractContextManager[Readable]:
        return nullcontext(self._api.opened(self._repo, self._commit, file))


def _obstacle(file: ListedFile) -> str:
    if file.digest is None:
        return "kept in git itself, without a sha256 to pin"
    return f"over {human(LARGEST)}: the hub gives it through Xet only" if file.size > LARGEST else ""


def _total(about: object) -> int:
    total = about.get("total") if isinstance(about, dict) else None
    return total if isinstance(total, int) else 0


def _license(info: Mapping[str, object]) -> str:
    """Return the licence that the repo's card declares, by the card or by the tag made from it."""
    card, tags = info.get("cardData"), info.get("tags")
    declared = card.get("license") if isinstance(card, dict) else None
    if isinstance(declared, str):
        return declared
    named = (str(tag) for tag in tags) if isinstance(tags, list) else iter(())
    return next((tag.partition(":")[2] for tag in named if tag.startswith("license:")), "")
