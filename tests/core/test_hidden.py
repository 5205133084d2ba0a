"""Secrets in texts: hidden wherever they stand, the longer ones first."""

import pytest

from reconciler.core.hidden import hidden, hiding


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        ((), "all of it", "all of it"),
        (("", "  "), "all of it", "all of it"),
        ((" abc\n",), "x abc y", "x *** y"),
        (("abc", "abcdef"), "abcdef abc", "*** ***"),
    ],
)
def test_a_text_is_shown_without_them(secrets, text, shown):
    assert hidden(text, hiding(secrets)) == shown
