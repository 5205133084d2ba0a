"""Models as they are named on the command line."""

from collections.abc import Iterable

import click

from reconciler.core.names import DEFAULT_TAG, ModelName


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
    from reconciler.manifest.rules import nearest

    name, tag, names = model_name(text, where), f":{DEFAULT_TAG}", set(known)
    if name in names:
        return name
    short = {str(item).removesuffix(tag): str(item) for item in names}
    close = nearest(str(name).removesuffix(tag), sorted(short))
    told = (f"no resource is named {name}", f"did you mean {short[close]}?" if close else otherwise)
    raise click.BadParameter("; ".join(filter(None, told)), param_hint=where)
