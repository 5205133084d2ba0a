"""What depends on a host's version: the table, and how versions compare."""

import pytest

from reconciler.core.versions import Feature, has, older, version_tuple

BOUNDARIES = [
    (Feature.RENDERERS, "0.11.11", "0.12.0"),
    (Feature.STREAM_STOPS_AT_ERRORS, "0.12.5", "0.12.6"),
    (Feature.SPLIT_MERGED, "0.24.0", "0.30.0"),
    (Feature.GGUF_REWRITTEN, "0.24.0", "0.30.0"),
]


def test_each_row_has_its_boundary_here() -> None:
    assert [row[0] for row in BOUNDARIES] == list(Feature)


@pytest.mark.parametrize(("feature", "before", "first"), BOUNDARIES)
def test_a_feature_is_there_from_its_first_release_on(feature: Feature, before: str, first: str) -> None:
    assert (has(before, feature), has(first, feature), has("1.0.0", feature)) == (False, True, True)
    assert (older(before, feature.since), older(first, feature.since)) == (True, False)
    assert feature.title


@pytest.mark.parametrize("version", ["0.0.0", "garbage", "", "0.12.0-rc1"])
def test_a_doubtful_version_has_nothing_and_is_refused_nothing(version: str) -> None:
    assert not has(version, Feature.RENDERERS)
    assert not older(version, Feature.RENDERERS.since)


def test_a_release_may_be_named_without_its_patch() -> None:
    assert older("0.32.10", "0.33")
    assert not older("0.33.0", "0.33")


def test_versions_compare_as_numbers() -> None:
    ordered = ["garbage", "0.0.0", "0.9.3", "0.12.6-rc1", "v0.12.6", "0.12.10", "1.0.0-dirty", "1.0.0"]
    tuples = [version_tuple(text) for text in ordered]
    assert tuples == sorted(tuples)
    assert version_tuple("garbage") < version_tuple("0.0.0")
    assert version_tuple("1" * 5000 + ".0.0") == (0, 0, 0, 0)
