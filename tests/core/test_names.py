"""Names: Ollama's grammar, its defaults, and its blindness to case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.names import Address, HostName, ModelName, host_name

SHOWN = [
    ("m", "m:latest"),
    ("m:7b", "m:7b"),
    ("library/m", "m:latest"),
    ("team/m:v1", "team/m:v1"),
    ("registry.ollama.ai/library/m", "m:latest"),
    ("hf.co/org/repo:Q4_K_M", "hf.co/org/repo:Q4_K_M"),
    ("localhost:5000/lib/phi", "localhost:5000/lib/phi:latest"),
    ("127.0.0.1:5000/lib/phi:v1", "127.0.0.1:5000/lib/phi:v1"),
    ("https://hub.example/team/m", "hub.example/team/m:latest"),
    ("_m.x-1", "_m.x-1:latest"),
]
REFUSED = [
    "",
    ":",
    ":latest",
    "m:",
    "-m",
    ".m",
    "ns/",
    "/m",
    "a/b/c/d",
    "m m",
    "mé",
    "a b/m",
    "n.s/m",
    "m:t:u/x",
    "m@sha256:" + "0" * 64,
    "m" * 81,
    "x" * 351 + "/a/b",
    "m\n",
    "m\x1b[31m",
    "../m",
    "a/../m",
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_a_name_is_shown_as_ollama_lists_it(text, shown):
    assert str(ModelName.parse(text)) == shown


@pytest.mark.parametrize("text", REFUSED)
def test_what_ollama_would_not_take_is_refused_with_a_reason(text):
    with pytest.raises(ValueError, match=r"\w"):
        ModelName.parse(text)


@given(st.sampled_from(SHOWN), st.randoms())
def test_case_never_tells_two_names_apart(pair, random):
    mixed = "".join(random.choice([c.upper(), c.lower()]) for c in pair[1])
    assert ModelName.parse(mixed) == ModelName.parse(pair[0])
    assert hash(ModelName.parse(mixed)) == hash(ModelName.parse(pair[0]))


@given(
    st.from_regex(
        r"([a-z0-9.]{1,9}(:[0-9]{2,4})?/[a-z]{1,5}/)?[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20}(:[a-z0-9]{1,9})?", fullmatch=True
    )
)
def test_what_is_shown_can_be_read_back(text):
    try:
        name = ModelName.parse(text)
    except ValueError:
        return
    assert ModelName.parse(str(name)) == name
    assert str(ModelName.parse(str(name))) == str(name)


@pytest.mark.parametrize(
    ("text", "reserved"),
    [
        ("m", False),
        ("m:cloud", True),
        ("m:LOCAL", True),
        ("m:480b-cloud", True),
        ("cloud:1", False),
        ("m:cloudy", False),
    ],
)
def test_tags_that_newer_servers_route_elsewhere_are_reserved(text, reserved):
    assert ModelName.parse(text).reserved is reserved


def test_an_address_joins_host_and_model():
    assert str(Address(HostName("gpu-01"), ModelName.parse("m"))) == "gpu-01/m:latest"


@pytest.mark.parametrize("text", ["a", "gpu-01", "gpu_01.example", "A1"])
def test_host_names_that_can_stand_in_an_address(text):
    assert host_name(text) == text


@pytest.mark.parametrize("text", ["", "-a", "a-", "a/b", "a b", "a" * 64, "é", "a\n"])
def test_host_names_that_can_not(text):
    with pytest.raises(ValueError, match="host's name"):
        host_name(text)
