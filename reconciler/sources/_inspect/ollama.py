"""What a name on a hub is, told by its hub manifest, by its small layers, and by the header of its weights."""

from reconciler.core.diagnostics import Location
from reconciler.core.facts import Facts
from reconciler.core.found import Format, Found
from reconciler.core.names import ModelName
from reconciler.core.resource import SourceRef
from reconciler.core.steps import Pull
from reconciler.errors import ResolutionError, Unusable
from reconciler.ports import Cache
from reconciler.sources import Context
from reconciler.sources._formats.gguf_header import Header
from reconciler.sources._hub.access import HubAccess, Repo
from reconciler.sources._hub.login import Logins
from reconciler.sources._hub.weights import header_on
from reconciler.sources.ollama import Ollama

_PLAIN = "http://"  # before a name: its hub is spoken to without TLS
_LONGEST = 80  # characters of a licence's first line

Options = tuple[tuple[str, str | bool], ...]


def inspect(context: Context, reference: str) -> Found:
    """Return what a name means now; raises ResolutionError, with names that are close where it means nothing."""
    source = Ollama(context)
    try:
        name = ModelName.parse(reference)
    except ValueError as error:
        raise Unusable(f"{reference!r} is not a model's name: {error}") from error
    insecure = reference.startswith(_PLAIN)
    options: Options = (("name", str(name)), *((("insecure", True),) if insecure else ()))
    repo, access = Repo.of(name, insecure=insecure), HubAccess(context.http, Logins(context.environ))
    pull = source.resolve(SourceRef("ollama", options, Location(reference))).pull
    assert pull is not None  # this source gives nothing else
    shown = source.describe(pull, config=True)
    return _found(f"ollama:{reference}", options, pull, shown, _header(access, context.cache, repo, pull))


def _found(asked: str, options: Options, pull: Pull, shown: Facts, header: Header | str) -> Found:
    """Return what the hub manifest, the layers and the header say; of a header that can't be read, why it can't."""
    facts, known = {path: str(value) for path, value in shown}, header if isinstance(header, Header) else None
    licence = (line.strip() for line in facts.get("license", "").splitlines() if line.strip())
    return Found(
        asked=asked,
        type="ollama",
        options=options,
        format=Format.GGUF if "weights" in facts else Format.SAFETENSORS,
        architecture=known.architecture if known else facts.get("config.model_family", ""),
        parameters=known.parameters if known else 0,
        context_length=known.context_length if known else 0,
        quantization=facts.get("config.file_type", known.quantization if known else ""),
        size=sum(size for _, size in pull.layers),
        license=next(licence, "")[:_LONGEST],
        chat_template=known is None
        or known.embeds
        or known.chat_template
        or bool({"template", "renderer"} & set(facts)),
        requires=facts.get("requires", ""),
        unread="" if isinstance(header, Header) else header,
    )


def _header(access: HubAccess, cache: Cache, repo: Repo, pull: Pull) -> Header | str:
    """Return the header of the weights, or why there is none."""
    digest = next((digest for kind, digest in pull.parts if kind == "model"), None)
    if digest is None:
        return ""
    try:
        return header_on(access, cache, repo, digest, dict(pull.layers)[digest])
    except ResolutionError as error:
        return error.message
