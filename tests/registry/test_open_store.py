"""Which store an address names."""

import subprocess
import sys
import traceback

import pytest

from reconciler.errors import SettingsError
from reconciler.registry.store import open_store
from tests.registry.entries import run


@pytest.mark.parametrize(
    "url",
    [
        "",
        "registry.db",
        "/var/lib/registry.db",
        "mysql://db.example/registry",
        "sqlite://[/registry.db",
        "sqlite:registry.db",
        "sqlite://registry.db",
        "sqlite:///",
        "sqlite://",
        "sqlite:///a/registry.db?mode=memory",
        "sqlite:///a/registry.db#x",
    ],
)
def test_what_is_not_supported_is_refused_with_what_is(url):
    with pytest.raises(SettingsError) as refused:
        open_store(url, lineage=lambda: "l")
    assert "sqlite:///" in refused.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:s3cret@db.example/registry",
        "ann:s3cret@db.example/registry",
        "postgresql://ann:s3cret/more@db.example/registry",
        "postgresql://ann:100%s3cret@db.example/registry",
        "postgresql://ann:7/s3cret@db.example/registry",
        "postgresql://db.example/registry?passwort=s3cret",
    ],
)
def test_a_password_in_an_address_is_not_repeated(url):
    with pytest.raises(SettingsError) as refused:
        open_store(url, lineage=lambda: "l")
    assert "s3cret" not in "".join(traceback.format_exception(refused.value)).replace(url, "")


def test_postgres_without_its_library_says_what_to_install():
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from reconciler.registry.store import open_store\n"
        "open_store('postgresql://ann:s3cret@db.example/registry', lineage=str)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "SettingsError" in done.stderr
    assert "reconciler[postgres]" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["plain.db", "with space.db", "per%25cent.db", "quest%3Fion.db", "ünï.db"])
def test_the_path_is_the_one_in_the_address(tmp_path, name):
    from urllib.parse import unquote

    store = open_store(f"sqlite://{tmp_path}/{name}", lineage=lambda: "l")
    store.begin(run())
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [unquote(name)]
