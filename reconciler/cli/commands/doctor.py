"""`reconciler doctor`."""

from pathlib import Path
from urllib.parse import unquote

import click

from reconciler.cli import options
from reconciler.cli.clock import SystemClock
from reconciler.cli.exit_codes import DONE, ERROR
from reconciler.cli.settings import Settings
from reconciler.cli.surroundings import Surroundings, look_around
from reconciler.cli.wiring import open_hosts, open_store, source_context
from reconciler.core.diagnosis import DOWNLOADS
from reconciler.core.health import Area, Finding, Grade, found
from reconciler.errors import SettingsError
from reconciler.ports import Hub, RecordStore
from reconciler.transport import origin
from reconciler.workflow.doctor import Patient, examine, failed

_SQLITE = "sqlite://"


@click.command("doctor")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@options.formats("text", "json")
@click.pass_obj
def command(settings: Settings, paths: tuple[Path, ...], format_: str) -> int:
    """Find what is wrong, and say how to mend it. Changes nothing.

    Looks at the manifests at PATH (default: manifests/; without any, at the host that $OLLAMA_HOST names) and their
    lock; at each host: whether it answers and lets us in, its version, its clock, temporary models that a run left,
    and whether the content of our models is still there; at the hubs that the manifests name, and whether they take
    our tokens; at the environment: secrets, proxies, optional parts; at our registry, its integrity, leases and runs
    that died; at the disks that we write to. It goes on after each failure, and never shows a secret.

    \b
      reconciler doctor
      reconciler doctor manifests/fleet --format json

    \b
    Exit codes: 0 nothing that makes commands fail (there may be warnings), 1 at least one error.
    """
    around = look_around(paths, settings)
    store: RecordStore | None = None
    trouble: tuple[Finding, ...] = ()
    try:
        store = open_store(settings)
    except SettingsError as error:
        trouble = (failed(Area.REGISTRY, "--registry", error),)
    asked = examine(_patient(around, store, settings))
    findings = tuple(sorted((*around.findings, *trouble, *asked), key=lambda item: item.area.place))
    if format_ == "json":
        from reconciler.report.health import health_json

        click.echo(health_json(findings), nl=False)
    else:
        from reconciler.report.health import health_text

        click.echo(health_text(findings, colour=settings.color, columns=settings.columns), nl=False)
    return ERROR if found(findings, Grade.ERROR) else DONE


def _patient(around: Surroundings, store: RecordStore | None, settings: Settings) -> Patient:
    hosts, silent = open_hosts(around.hosts, settings)
    file, places = _file(settings.registry_url), [(settings.cache / "downloads", DOWNLOADS)]
    if file is not None:
        places.append((file.parent, "records"))
    registry = str(file or origin(settings.registry_url))
    return Patient(hosts, silent, _hubs(around, settings), store, registry, around.whole, places, SystemClock())


def _hubs(around: Surroundings, settings: Settings) -> tuple[Hub, ...]:
    from reconciler.sources import hubs

    refs = (ref for item in around.resources for chain in item.chains for ref in chain)
    return hubs(refs, source_context(settings))


def _file(url: str) -> Path | None:
    """Return the file of our registry; None where it is none."""
    return Path("/" + unquote(url.removeprefix(_SQLITE)).lstrip("/")) if url.startswith(_SQLITE) else None
