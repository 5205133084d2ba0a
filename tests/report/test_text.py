"""What text from outside becomes before it reaches a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.report.text import aligned, counted, cut, human_bytes, safe, signed_bytes, width, without_login


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, größer, 漢字, →, 🙂", "plain, größer, 漢字, →, 🙂"),
        ("full\u3000width and\u00a0no break", "full\u3000width and\u00a0no break"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("bell\x07 del\x7f c1\x9b2J", r"bell\x07 del\x7f c1\x9b2J"),
        ("\u202egnp.exe\u2066\u200b", r"\u202egnp.exe\u2066\u200b"),
        ("line\u2028sep\u2029", r"line\u2028sep\u2029"),
        ("half \udcff", r"half \udcff"),
        ("tag \U000e0041", r"tag \U000e0041"),
    ],
)
def test_what_is_not_to_be_read_is_escaped(text, shown):
    assert safe(text) == shown


@given(st.text(st.characters()))
def test_safe_text_is_one_harmless_line(text):
    shown = safe(text)
    assert all(mark.isprintable() or unicodedata.category(mark) == "Zs" for mark in shown)
    assert safe(shown) == shown
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (98_362_432, "98.4 MB"),
        (4_100_000_000, "4.1 GB"),
        (10**15, "1.0 PB"),
        (10**19, "10000.0 PB"),
    ],
)
def test_bytes_are_decimal(count, shown):
    assert human_bytes(count) == shown


def test_differences_have_a_sign():
    assert [signed_bytes(count) for count in (-4_000_000_000, 0, 1500)] == ["−4.0 GB", "0 B", "+1.5 kB"]


def test_counts_are_english():
    assert [counted(count, "host") for count in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("漢字", 4), ("ｆ", 2), ("e\u0301", 1), ("größer", 6)]
)
def test_width_is_in_columns_of_a_terminal(text, columns):
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("漢字漢", 5, "漢字…"),
        ("漢字漢", 4, "漢…"),
        ("e\u0301e\u0301e", 2, "e\u0301…"),
    ],
)
def test_what_is_too_wide_is_cut(text, columns, shown):
    assert cut(text, columns) == shown


def test_columns_are_even_in_what_a_terminal_shows():
    rows = aligned([("漢字", "x", "end"), ("abcdef", "yy", ""), ("far too long for this", "z", "end")], (8, 8))
    assert rows == [
        ["漢字  ", "x ", "end"],
        ["abcdef", "yy", ""],
        ["far too long for this", "z ", "end"],
    ]
    assert aligned([], (3,)) == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a:1", "http://a:1"),
        ("https://ann:se%40cret@a:1/x", "https://a:1/x"),
        ("https://token@a", "https://a"),
        ("http://a/path@x", "http://a/path@x"),
        ("http://[::1]:11434", "http://[::1]:11434"),
    ],
)
def test_logins_are_left_out_of_addresses(url, shown):
    assert without_login(url) == shown
