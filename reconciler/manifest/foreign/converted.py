"""What a conversion comes to, and the entries that every form has: a model to pull, a policy that prunes. Pure."""

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.core.resource import Kind, PolicySpec, Resource, SourceRef
from reconciler.manifest.drafts import Draft
from reconciler.manifest.rules import Rule, finding

_VARIABLE = frozenset("$`{}")  # what a shell, Helm or Nix would put something else for


@dataclass(frozen=True, slots=True)
class Converted:
    """The drafts, and what could not be converted."""

    drafts: tuple[Draft, ...]
    findings: tuple[Diagnostic, ...]


Part = Draft | Diagnostic


def converted(parts: list[Part]) -> Converted:
    """Return the parts, each in its place; findings sorted."""
    findings = tuple(sorted(part for part in parts if isinstance(part, Diagnostic)))
    return Converted(tuple(part for part in parts if isinstance(part, Draft)), findings)


def left_out(where: Location, message: str, hint: str = "") -> Diagnostic:
    """Return the finding about something that has no place in a manifest."""
    return finding(where, Rule.NOT_CONVERTED, message, hint)


def pulled(text: str, where: Location, *comments: str, insecure: bool = False) -> Part:
    """Return the Model that is pulled by this name, or why it is none."""
    if _VARIABLE & set(text):
        return left_out(where, f"{text!r} depends on a variable", "declare by hand what it stands for")
    try:
        name = ModelName.parse(text.strip())
    except ValueError as error:
        return left_out(where, f"{text!r} is not a model's name: {error}")
    options = (("insecure", True),) if insecure else ()
    source = SourceRef("ollama", (*options, ("name", str(name))), where)
    return Draft(Resource(Kind.MODEL, name, where, (source,)), comments)


def pruned(where: Location, because: str) -> Draft:
    """Return the policy by which models that are no longer declared are deleted."""
    note = f"{because}. Only models that reconciler applied or adopted are ever deleted."
    return Draft(PolicySpec(where, prune="owned"), (note,))
