"""Settings: what the environment means."""

from pathlib import Path

import pytest

from reconciler.cli.settings import Settings, default_registry, listen_address, ollama_url
from reconciler.errors import SettingsError

ADDRESSES = [
    ("", "http://127.0.0.1:11434"),
    ("gpu", "http://gpu:11434"),
    ("gpu:8080", "http://gpu:8080"),
    (":8080", "http://127.0.0.1:8080"),
    ("0.0.0.0", "http://127.0.0.1:11434"),
    ("[::1]:9", "http://[::1]:9"),
    ("[::]:9", "http://[::1]:9"),
    ("::1", "http://[::1]:11434"),
    ("::", "http://[::1]:11434"),
    ("https://fe80::1:2/ollama", "https://[fe80::1:2]:443/ollama"),
    ("http://gpu", "http://gpu:80"),
    ("https://gpu", "https://gpu:443"),
    ("https://gpu.example:8443/ollama/", "https://gpu.example:8443/ollama"),
    (' "gpu:1" ', "http://gpu:1"),
]


@pytest.mark.parametrize(("text", "url"), ADDRESSES)
def test_ollama_host_is_read_as_ollama_reads_it(text, url):
    assert ollama_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        *("ftp://u:s3cret@gpu", "http://u:s3cret@gpu:port", "gpu:99999999", "[u:s3cret@h"),
        *("u:s3cret@gpu", "https://s3cret@gpu", "a:b:s3cret"),
    ],
)
def test_an_ollama_host_that_is_no_address_is_a_clear_mistake_and_not_repeated(text):
    with pytest.raises(SettingsError, match="OLLAMA_HOST") as error:
        ollama_url(text)
    assert "s3cret" not in str(error.value)
    assert error.value.hint


def test_the_registry_is_where_xdg_says():
    assert default_registry({"XDG_STATE_HOME": "/s"}) == "sqlite:////s/reconciler/registry.db"
    assert default_registry({"XDG_STATE_HOME": "relative"}).startswith(f"sqlite:///{Path.home()}")
    assert default_registry({}) == f"sqlite:///{Path.home()}/.local/state/reconciler/registry.db"


def test_without_a_terminal_there_are_no_colours_and_no_bars():
    settings = Settings.read("info", "text", None, color=True)
    assert (settings.color, settings.live) == (False, False)


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.1:5000", "localhost", "localhost:65535"])
def test_an_address_of_this_machine_can_be_listened_at(text):
    assert listen_address(text) == text


LISTEN_MISTAKES = [
    ("::1", "IPv6"),
    ("[::1]:5000", "IPv6"),
    ("fe80::1%eth0", "IPv6"),
    ("0.0.0.0", "0.0.0.0 is none"),
    ("0.0.0.0:5000", "0.0.0.0 is none"),
    ("0", "0 is none"),
    ("192.0.2.1", "can't be 192.0.2.1: cannot assign"),
    ("no-such-name.invalid", "can't be no-such-name.invalid: "),
    ("a..b", "can't be a..b: "),
    (":5000", "is not ADDRESS"),
    ("127.0.0.1:", "is not ADDRESS"),
    ("127.0.0.1:0", "is not ADDRESS"),
    ("127.0.0.1:65536", "is not ADDRESS"),
    ("127.0.0.1:٣", "is not ADDRESS"),
    ("http://127.0.0.1", "is not ADDRESS"),
    ("127.0.0.1/24", "is not ADDRESS"),
    (f"{'a' * 201}", "is not ADDRESS"),
    ("127.0.0.1\n", "is not ADDRESS"),
]


@pytest.mark.parametrize(("text", "words"), LISTEN_MISTAKES)
def test_an_address_at_which_no_host_could_fetch_is_a_clear_mistake(text, words):
    with pytest.raises(SettingsError, match=words) as error:
        listen_address(text)
    assert error.value.hint


CALLBACKS = [
    ("http://127.0.0.1:11434", "127.0.0.1"),
    ("http://127.1.2.3:11434", "127.0.0.1"),
    ("http://localhost:11434", "127.0.0.1"),
    ("http://ollama.localhost", "127.0.0.1"),
    ("http://[::1]:11434", "127.0.0.1"),
    ("http://gpu:11434", ""),
    ("http://10.0.0.1", ""),
    ("http://127.0.0.1.example.com", ""),
]


@pytest.mark.parametrize(("url", "callback"), CALLBACKS)
def test_hosts_on_this_machine_reach_us_on_loopback_and_all_others_where_we_say(url, callback):
    silent = Settings.read("info", "text", None, color=False)
    told = Settings.read("info", "text", None, color=False, listen="localhost:5000")
    assert (silent.callback(url), told.callback(url)) == (callback, "localhost:5000")


def test_a_wrong_address_is_found_before_anything_is_read(reconciler, monkeypatch):
    monkeypatch.setenv("RECONCILER_LISTEN", "0.0.0.0")
    result = reconciler("plan", "no-such-folder")
    assert (result.status, result.out) == (1, "")
    assert "--listen is one address" in result.err
    assert "no-such-folder" not in reconciler("--listen", "[::1]", "plan", "no-such-folder").err
