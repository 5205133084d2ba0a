"""NixOS configurations, as far as they are plain lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.foreign.nix import convert
from tests.manifest.foreign.reading import names, told, valid

NESTED = """\
{ config, pkgs, ... }:
{
  # services.ollama.loadModels = [ "commented" ];
  services.ollama = {
    enable = true; /* loadModels = [ "out" ]; */
    loadModels = [
      "llama3.2:3b" "deepseek-r1:1.5b" # small
      ''hf.co/org/m:Q4_K_M''
    ];
    syncModels = true;
  };
}
"""
NO_LIST = "`loadModels` is no plain list: only texts between [ and ] are read"
UNREAD = "in `loadModels` can't be read: only texts between [ and ] are"


@pytest.mark.parametrize(
    ("text", "models", "findings"),
    [
        (NESTED, ["llama3.2:3b", "deepseek-r1:1.5b", "hf.co/org/m:Q4_K_M", "prune"], []),
        ('{ services.ollama.loadModels = [ "a" ]; services.ollama.syncModels = false; }', ["a"], []),
        ('loadModels = [ "a" ] ++ [ "b" ];', ["a", "b"], [f"1:22 '+' {UNREAD}", f"1:23 '+' {UNREAD}"]),
        ("loadModels = models;", [], [f"1:1 {NO_LIST}", f"1:14 'models' {UNREAD}"]),
        ('loadModels = [ "a" x [ "b" ] ];', ["a", "b"], [f"1:20 'x' {UNREAD}", f"1:22 '[' {UNREAD}"]),
        ('loadModels = [ "m:${v}" ];', [], ["1:16 'm:${v}' depends on a variable"]),
        ('loadModels = [ "a\\"b" ];', [], ["1:16 'a\"b' is not a model's name: model 'a\"b' is not allowed"]),
        ("syncModels = lib.mkDefault true;", [], ["1:1 `syncModels` is neither true nor false here"]),
        ('inherit loadModels; x = { loadModels = [ "a" ]; }', ["a"], []),
        ('{ x = (f { loadModels = [ "a" ] })', ["a"], []),
        ('loadModels = [ "a"', ["a"], []),
        ('text = "loadModels = [ \\"no\\" ];";', [], []),
        ("", [], []),
    ],
)
def test_what_becomes_of_a_configuration(text, models, findings):
    found = convert(text, "configuration.nix")
    assert (names(found), told(found)) == (models, findings)
    valid(found)


@pytest.mark.parametrize("piece", ["''$", "''", '"', "/*", "'", '"\\'])
def test_what_is_never_closed_takes_no_time(piece):
    assert names(convert(piece * 100_000 + 'loadModels = [ "a" ];', "x.nix")) in ([], ["a"])


PIECES = (
    "loadModels",
    "syncModels",
    "=",
    "[",
    "]",
    '"a"',
    "''b''",
    ";",
    "{",
    "}",
    "(",
    '"',
    "''",
    "\n",
    "#",
    "/*",
    "x",
    " ",
)


@given(text=st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=14).map("".join))
def test_text_of_any_kind_ends_in_a_valid_manifest(text):
    valid(convert(text, "x.nix"))
