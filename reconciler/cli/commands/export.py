"""`reconciler export`."""

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import candidates, options
from reconciler.cli.exit_codes import DONE, PARTIAL
from reconciler.cli.naming import model_name
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import default_host, load, open_hosts, open_sources, open_store
from reconciler.cli.writing import write_new
from reconciler.core.diagnostics import Location
from reconciler.core.names import HostName, ModelName, host_name
from reconciler.core.resource import HostSpec
from reconciler.errors import SettingsError
from reconciler.ports import Host

if TYPE_CHECKING:
    from reconciler.core.exported import Exported
    from reconciler.manifest.drafts import Text
    from reconciler.workflow.survey import Listed

_FILE = "models.yaml"
_WIDTH = 16  # requests under way at once
_DEFAULT = "default"
_HOW = {
    "record": "as on our records",
    "hub": "from hubs",
    "build": "as builds on others",
    "blobs": "by blobs that only this host holds",
}


@click.command("export")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=candidates.recorded)
@click.option(
    "--host",
    metavar="NAME",
    shell_complete=candidates.hosts,
    help="A declared host.  [default: the one at $OLLAMA_HOST]",
)
@click.option("--url", metavar="URL", help="The address of a host that is not declared.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help=f"Write DIR/{_FILE}; never over what is there."
)
@click.option(
    "--modelfile",
    metavar="NAME",
    shell_complete=candidates.models,
    help="Print the Modelfile that a declared model equals, and nothing else.",
)
@options.manifests
@click.pass_obj
def command(
    settings: Settings,
    names: tuple[str, ...],
    host: str | None,
    url: str | None,
    out: Path | None,
    modelfile: str | None,
    manifests: tuple[Path, ...],
) -> int:
    """Write down what is on a host as manifests that plan as in sync at once.

    \b
      reconciler export                                everything on the host at $OLLAMA_HOST, to stdout
      reconciler export --out manifests bot            the model `bot`, into manifests/models.yaml
      reconciler export --url https://gpu-01:11434     another host, declared along with its models
      reconciler export --modelfile bot                the Modelfile of a declared model, for `ollama create`

    A model that is as our records have it is declared as it was made. Any other is looked for on its hub: one that
    means there what it is on the host is declared by that name. One that was built on another model is declared as a
    FineTune of it, and the rest by the blobs that only this host holds; comments say why. Nothing is written to the
    host. `reconciler adopt` makes the models ours.

    With --modelfile no host is asked and nothing is downloaded. FROM names the base, the name on the hub, the folder,
    or the file; where files are on Hugging Face, comments say where and with which sha256.

    \b
    Exit codes: 0 done, 1 error, 4 some models can't be declared and are only told, 64 wrong usage.
    """
    if modelfile is not None:
        if names or host or url or out:
            raise click.UsageError("--modelfile is about one declared model: give no other names, no host and no DIR")
        from reconciler.cli.exporting_modelfile import modelfile_of

        click.echo(modelfile_of(modelfile, manifests, settings).encode(), nl=False)  # whatever the terminal can show
        return DONE
    return _exported(_host(host, url, manifests, settings), names, out, settings, declared=bool(host or url))


def _exported(spec: HostSpec, names: Sequence[str], out: Path | None, settings: Settings, *, declared: bool) -> int:
    """Write down the models of a host, with the host itself where it is `declared`; return the exit status."""
    home = str(out.resolve()) if out is not None else ""
    found = _surveyed(spec, names, settings, home)
    made = _written(found, spec, declared=declared, home=home or str(Path.cwd()))
    _warn(made, found)
    kept = [item for item in found if item.resource in made.entries]
    if out is None:
        click.echo(made.text.encode(), nl=False)
    else:
        write_new({out / _FILE: made.text})
        click.echo(_told(out, kept))
    return DONE if len(kept) == len(found) else PARTIAL


def _host(name: str | None, url: str | None, manifests: Sequence[Path], settings: Settings) -> HostSpec:
    """Return the host that is meant; raises click.UsageError, click.BadParameter and ManifestError."""
    if name is not None and url is not None:
        raise click.UsageError("--host and --url exclude each other")
    if name is not None:
        known = {spec.name: spec for spec in load(manifests, settings).hosts}
        if name not in known:
            raise click.BadParameter(f"no host is named {name!r}; there are: {', '.join(known)}", param_hint="--host")
        return known[HostName(name)]
    return default_host(settings) if url is None else _at(url)


def _at(url: str) -> HostSpec:
    from urllib.parse import urlsplit

    from reconciler.manifest.folder import Folder
    from reconciler.manifest.formats import FORMATS

    try:
        FORMATS["url"](url, Folder(""))
        name = urlsplit(url).hostname or _DEFAULT
    except ValueError as error:
        raise click.BadParameter(str(error.args[0]), param_hint="--url") from error
    try:
        return HostSpec(host_name(name), url.rstrip("/"), Location("--url"))
    except ValueError:
        return HostSpec(HostName(_DEFAULT), url.rstrip("/"), Location("--url"))


def _surveyed(spec: HostSpec, names: Iterable[str], settings: Settings, home: str) -> "tuple[Exported, ...]":
    """Return what declares each model that is meant; raises HostError, SettingsError and click.BadParameter."""
    from reconciler.workflow.fleet import Fleet
    from reconciler.workflow.survey import listed, survey

    hosts, silent = open_hosts([spec], settings)
    if silent:
        raise SettingsError(silent[0].message, hint=silent[0].hint)
    host: Host = hosts[spec.name]
    there = listed(host)
    wanted = {_present(name, there) for name in names} or set(there)
    if not wanted:
        raise SettingsError(f"there are no models on host {spec.name} at {spec.url}")
    known = _known(there, wanted, settings, home)
    with Fleet(_WIDTH) as fleet:
        return survey(host, there, sorted(wanted), open_sources(settings)("ollama"), fleet, known)


def _known(there: "Listed", wanted: Iterable[ModelName], settings: Settings, home: str) -> "list[Exported]":
    """Return what declares the models that are as our records have them, on bases that are there still.

    Raises RegistryError.
    """
    from reconciler.core.recalled import recalled

    records = open_store(settings).read().by_address
    pairs = ((there[name], records.get(there[name].address)) for name in wanted)
    same = [record for model, record in pairs if record is not None and record.digest == model.digest]
    standing = [record for record in same if record.base is None or record.base in there]
    where = Location("our records")
    return [found for record in standing if (found := recalled(record, where, home)) is not None]


def _present(text: str, there: Iterable[ModelName]) -> ModelName:
    from reconciler.manifest.rules import nearest

    name, known = model_name(text, "NAME"), {item: str(item) for item in there}
    if name not in known:
        close = nearest(str(name), sorted(known.values()))
        hint = f"; did you mean {close}?" if close else ""
        raise click.BadParameter(f"the host has no model {name}{hint}", param_hint="NAME")
    return next(item for item in known if item == name)


def _written(found: "Sequence[Exported]", spec: HostSpec, *, declared: bool, home: str) -> "Text":
    from reconciler.manifest.drafts import Draft, manifest_text
    from reconciler.report.text import without_login

    host = [Draft(spec, ("Its certificate authority is not copied: put it here as tls.",) * bool(spec.ca_file))]
    drafts = [Draft(item.resource, item.notes) for item in found if item.resource is not None]
    header = (
        f"What was on host {spec.name} at {without_login(spec.url)}, written by `reconciler export`.",
        "As long as it is, plans find it in sync; `reconciler adopt` makes it ours.",
    )
    lost = (f"Not declared: {item.name}: {note}" for item in found if item.resource is None for note in item.notes)
    return manifest_text((*host * declared, *drafts), header, lost, home)


def _warn(made: "Text", found: "Iterable[Exported]") -> None:
    from reconciler.cli.complaints import remark
    from reconciler.report.text import counted

    lost = [f"{item.name}: {note}" for item in found if item.resource is None for note in item.notes]
    for message in (*lost, *(item.message for item in made.findings)):
        remark("not_declared", message)
    for message, count in sorted(Counter(item.unasked for item in found if item.unasked).items()):
        remark("hub_silent", f"{message}: {counted(count, 'model')} declared by blobs for want of it")


def _told(out: Path, kept: "Sequence[Exported]") -> str:
    from reconciler.report.text import counted, safe

    by, path = Counter(item.how.value for item in kept), safe(shlex.quote(str(out)))
    parts = [f"{by[how]} {what}" for how, what in _HOW.items() if by[how]]
    lines = [f"Wrote {safe(str(out / _FILE))}: {', '.join((counted(len(kept), 'model'), *parts))}.", ""]
    if by["record"] < len(kept):
        lines += [f"  reconciler adopt --manifests {path}  makes them ours, without touching them"]
    lines += [f"  reconciler plan {path}               finds them in sync, unless our records say otherwise"]
    return "\n".join(lines)
