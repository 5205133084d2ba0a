"""Which answers count as the same."""

import json

import pytest

from reconciler.recall.exchange import Heard, Question, fingerprint

TAGS = Question.of("GET", "http://host/api/tags", {})
ONE = {"name": "a:latest", "digest": "1" * 64, "size": 5, "modified_at": "2026-11-23T01:39:49Z"}
OTHER = {"name": "b:latest", "digest": "2" * 64, "size": 6, "modified_at": "2026-11-23T01:39:49Z"}


def listed(*models: object) -> Heard:
    return Heard(200, (("Date", "now"),), json.dumps({"models": models}).encode())


def test_a_list_is_the_same_whatever_its_order_and_times() -> None:
    later = {**ONE, "modified_at": "2026-11-24T00:00:00Z"}
    assert fingerprint(TAGS, listed(ONE, OTHER)) == fingerprint(TAGS, listed(OTHER, later))


@pytest.mark.parametrize("other", [{"digest": "3" * 64}, {"size": 7}, {"name": "c:latest"}, {"details": {}}])
def test_a_list_is_another_where_a_model_is(other: dict[str, object]) -> None:
    assert fingerprint(TAGS, listed(ONE)) != fingerprint(TAGS, listed({**ONE, **other}))
    assert fingerprint(TAGS, listed(ONE)) != fingerprint(TAGS, listed(ONE, {**ONE, **other}))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"models": null}', b'{"models": [1]}', b"<html>"])
def test_what_is_no_list_is_compared_by_its_bytes(body: bytes) -> None:
    assert fingerprint(TAGS, Heard(200, (), body)) == fingerprint(TAGS, Heard(200, (), body))
    assert fingerprint(TAGS, Heard(200, (), body)) != fingerprint(TAGS, Heard(200, (), body + b" "))


def test_an_answer_is_another_by_its_status_its_body_and_what_its_headers_tell() -> None:
    asked, heard = (
        Question.of("HEAD", "http://hub/v2/a/manifests/b", {}),
        Heard(200, (("Date", "x"), ("ETag", "1")), b""),
    )
    assert fingerprint(asked, heard) == fingerprint(asked, Heard(200, (("etag", "1"), ("Date", "y")), b""))
    for other in (Heard(404, heard.headers, b""), Heard(200, (("ETag", "2"),), b""), Heard(200, heard.headers, b"1")):
        assert fingerprint(asked, heard) != fingerprint(asked, other)
