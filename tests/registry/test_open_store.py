"""Which store an address names."""

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
        "postgresql://db.example/registry",
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


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(SettingsError) as refused:
        open_store("postgresql://ann:secret@db.example/registry", lineage=lambda: "l")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["plain.db", "with space.db", "per%25cent.db", "quest%3Fion.db", "ünï.db"])
def test_the_path_is_the_one_in_the_address(tmp_path, name):
    from urllib.parse import unquote

    store = open_store(f"sqlite://{tmp_path}/{name}", lineage=lambda: "l")
    store.begin(run())
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [unquote(name)]
