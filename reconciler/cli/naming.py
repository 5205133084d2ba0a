"""Models as they are named on the command line."""

from collections.abc import Iterable

import click

from reconciler.core.names import DEFAULT_TAG, ModelName
from reconciler.errors import SettingsError


def model_name(text: str, where: str) -> ModelName:
    """Return the name of a model that was given as the argument `where`; raises click.BadParameter."""
    try:
        return ModelName.parse(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a model's name: {error}", param_hint=where) from error


def declared(text: str, known: Iterable[ModelName], where: str, otherwise: str = "") -> ModelName:
    """Return the declared model that was named as the argument `where`; raises click.BadParameter.

    It names what is close; where nothing is, it says `otherwise`.
    """
    name, names = model_name(text, where), set(known)
    if name in names:
        return name
    told = (f"no resource is named {name}", did_you_mean(name, names) or otherwise)
    raise click.BadParameter("; ".join(filter(None, told)), param_hint=where)


def did_you_mean(name: ModelName, known: Iterable[ModelName]) -> str:
    """Return a question that names what is close, or nothing where nothing is."""
    from reconciler.manifest.rules import nearest

    tag = f":{DEFAULT_TAG}"
    short = {str(item).removesuffix(tag): str(item) for item in known}
    close = nearest(str(name).removesuffix(tag), sorted(short))
    return f"did you mean {short[close]}?" if close else ""


def not_on_record(names: Iterable[ModelName], known: Iterable[ModelName]) -> SettingsError:
    """Return the error about models of which nothing is on record; `known` ones are."""
    strange, there = sorted(names), set(known)
    close = did_you_mean(strange[0], there)
    told = f"{', '.join(map(str, strange))} {'is' if len(strange) == 1 else 'are'} not on record"
    return SettingsError(told, hint=close or "`reconciler registry list` shows what is")
