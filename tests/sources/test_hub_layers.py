"""What a hub says of a model, told from its small layers: it must be what a host would show."""

import json

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import facts
from reconciler.errors import Unusable
from reconciler.sources._hub.layers import described

TEXTS = {
    "template": "{{ .Prompt }}",
    "system": "be kind",
    "license": "MIT",
    "params": json.dumps({"stop": "x", "num_ctx": 4096.0, "temperature": 0.7}),
    "messages": json.dumps([{"role": "user", "content": "hi", "images": []}]),
}
DIGESTS = {name: Digest.of(name.encode()) for name in (*TEXTS, "model", "projector", "adapter", "other", "second")}


def _described(*kinds: tuple[str, str], **texts: str) -> dict[str, object]:
    given = {DIGESTS[name]: text for name, text in {**TEXTS, **texts}.items()}
    return dict(described([(kind, DIGESTS[name]) for kind, name in kinds], given.__getitem__))


def test_every_kind_of_layer_becomes_what_a_host_shows():
    every = [(name, name) for name in DIGESTS if name != "second"]
    assert tuple(sorted(_described(*every).items())) == facts(
        {
            "weights": str(DIGESTS["model"]),
            "projectors": (str(DIGESTS["projector"]),),
            "adapters": (str(DIGESTS["adapter"]),),
            "template": "{{ .Prompt }}",
            "system": "be kind",
            "license": "MIT",
            "messages": (("user", "hi"),),
            "parameters.stop": ("x",),
            "parameters.num_ctx": 4096,
            "parameters.temperature": 0.7,
        }
    )


def test_licences_are_joined_and_adapters_are_listed_in_order():
    found = _described(
        ("license", "license"), ("license", "second"), ("adapter", "adapter"), ("adapter", "other"), second="BSD"
    )
    assert found["license"] == "MIT\nBSD"
    assert found["adapters"] == (str(DIGESTS["adapter"]), str(DIGESTS["other"]))


def test_weights_are_never_read():
    assert _described(("model", "model")) == {"weights": str(DIGESTS["model"])}


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "1", "[" * 100_000])
def test_a_layer_that_is_not_what_it_should_be_is_refused(text):
    with pytest.raises(Unusable):
        _described(("params", "params"), params=text)


@pytest.mark.parametrize("text", ["{}", "[1]"])
def test_messages_that_are_none_are_refused(text):
    with pytest.raises(Unusable):
        _described(("messages", "messages"), messages=text)
