"""Pooling in the words that hosts know, whichever version of sentence-transformers wrote it."""

import json

import pytest

from reconciler.errors import Unusable
from reconciler.sources._formats.sentence_transformers import as_hosts_read, pooling_of, refuse_unknown

OLD = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]
NEW = [
    {**OLD[0], "type": "sentence_transformers.base.modules.transformer.Transformer"},
    {**OLD[1], "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
]
POOLING = "1_Pooling/config.json"


def written(value: object) -> bytes:
    return json.dumps(value).encode()


def test_new_names_of_modules_become_the_old_ones() -> None:
    assert json.loads(as_hosts_read("modules.json", written(NEW))) == OLD
    foreign = [{"path": "", "type": "their.package.Module"}]
    assert as_hosts_read("modules.json", written(foreign)) == written(foreign)


@pytest.mark.parametrize(("mode", "mean", "cls"), [("mean", True, False), ("cls", False, True)])
def test_a_mode_becomes_the_flags_that_hosts_read(mode: str, mean: bool, cls: bool) -> None:
    told = json.loads(as_hosts_read(POOLING, written({"embedding_dimension": 384, "pooling_mode": mode})))
    assert (told["pooling_mode_mean_tokens"], told["pooling_mode_cls_token"]) == (mean, cls)


SAME = {
    "old modules": ("modules.json", written(OLD)),
    "old pooling": (POOLING, written({"pooling_mode_mean_tokens": True})),
    "another mode": (POOLING, written({"pooling_mode": "max"})),
    "several modes": (POOLING, written({"pooling_mode": ["mean", "cls"]})),
    "no JSON": (POOLING, b"\xff{"),
    "no object": (POOLING, b"[]"),
    "endless": (POOLING, b"[" * 100_000),
    "another file": ("config.json", written({"pooling_mode": "mean"})),
    "deeper": ("a/b/config.json", written({"pooling_mode": "mean"})),
}


@pytest.mark.parametrize(("name", "content"), SAME.values(), ids=SAME)
def test_what_hosts_know_or_nobody_does_stays_as_it_is(name: str, content: bytes) -> None:
    assert as_hosts_read(name, content) == content


def test_what_is_said_again_is_the_same_each_time() -> None:
    once = as_hosts_read("modules.json", written(NEW))
    assert once == as_hosts_read("modules.json", written(NEW)) == as_hosts_read("modules.json", once)


def test_modules_that_are_no_list_stay_as_they_are() -> None:
    for content in (b"{}", b"no JSON", b'[1, "x"]', b'[{"type": 1}]'):
        assert as_hosts_read("modules.json", content) == content


@pytest.mark.parametrize(
    ("modules", "path"), [(OLD, POOLING), (NEW, POOLING), (OLD[:1], None), ([{"type": "x.Pooling"}], None), ({}, None)]
)
def test_where_the_pooling_is_configured(modules: object, path: str | None) -> None:
    assert pooling_of(written(modules)) == path


@pytest.mark.parametrize(
    "pooling", [{"pooling_mode": "cls"}, {"pooling_mode": ["mean"]}, {"pooling_mode_mean_tokens": True, "x": 1}]
)
def test_what_hosts_pool_is_taken(pooling: object) -> None:
    for modules in (OLD, NEW):
        refuse_unknown("org/m", written(modules), written(pooling))


STRANGE = {
    "max": ({"pooling_mode_max_tokens": True}, "pools by max_tokens, and"),
    "last": ({"pooling_mode": "lasttoken"}, "pools by lasttoken, and"),
    "both": ({"pooling_mode": ["mean", "cls"]}, "pools by cls, mean, and"),
    "both of old": ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, "pools by cls, mean, and"),
    "none": ({}, "pools by nothing that can be read"),
    "no object": ([], "pools by nothing that can be read"),
}


@pytest.mark.parametrize(("pooling", "words"), STRANGE.values(), ids=STRANGE)
def test_what_no_host_pools_is_refused(pooling: object, words: str) -> None:
    with pytest.raises(Unusable) as caught:
        refuse_unknown("org/m", written(OLD), written(pooling))
    assert caught.value.message.startswith(f"org/m {words}")


def test_a_layer_that_the_conversion_would_leave_out_is_refused() -> None:
    dense = [*OLD, {"path": "2_Dense", "type": "sentence_transformers.base.modules.dense.Dense"}]
    with pytest.raises(Unusable, match="has the module Dense, which the conversion leaves out"):
        refuse_unknown("org/m", written(dense), written({"pooling_mode": "mean"}))
