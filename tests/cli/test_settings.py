"""Settings: what the environment means."""

from pathlib import Path

import pytest

from reconciler.cli.settings import Settings, default_registry, ollama_url
from reconciler.errors import SettingsError

ADDRESSES = [
    ("", "http://127.0.0.1:11434"),
    ("gpu", "http://gpu:11434"),
    ("gpu:8080", "http://gpu:8080"),
    (":8080", "http://127.0.0.1:8080"),
    ("0.0.0.0", "http://127.0.0.1:11434"),
    ("[::1]:9", "http://[::1]:9"),
    ("[::]:9", "http://[::1]:9"),
    ("http://gpu", "http://gpu:80"),
    ("https://gpu", "https://gpu:443"),
    ("https://gpu.example:8443/ollama/", "https://gpu.example:8443/ollama"),
    (' "gpu:1" ', "http://gpu:1"),
]


@pytest.mark.parametrize(("text", "url"), ADDRESSES)
def test_ollama_host_is_read_as_ollama_reads_it(text, url):
    assert ollama_url(text) == url


@pytest.mark.parametrize("text", ["ftp://u:s3cret@gpu", "http://u:s3cret@gpu:port", "gpu:99999999", "[u:s3cret@h"])
def test_an_ollama_host_that_is_no_address_is_a_clear_mistake_and_not_repeated(text):
    with pytest.raises(SettingsError, match="OLLAMA_HOST") as error:
        ollama_url(text)
    assert "s3cret" not in str(error.value)


def test_the_registry_is_where_xdg_says():
    assert default_registry({"XDG_STATE_HOME": "/s"}) == "sqlite:////s/reconciler/registry.db"
    assert default_registry({"XDG_STATE_HOME": "relative"}).startswith(f"sqlite:///{Path.home()}")
    assert default_registry({}) == f"sqlite:///{Path.home()}/.local/state/reconciler/registry.db"


def test_without_a_terminal_there_are_no_colours_and_no_bars():
    settings = Settings.read("info", "text", None, color=True)
    assert (settings.color, settings.live) == (False, False)
