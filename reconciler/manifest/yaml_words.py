"""The YAML parser's complaints in plain words."""

from yaml import MarkedYAMLError

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.manifest.rules import Rule, finding

DEEP = "nested too deeply"

_QUOTE = "put the text between quotes"
_INDENT = "indent it like its neighbours, with spaces"
_CLOSE = "close it"
_WORDS = (  # (part of the parser's words, ours, hint); the first that fits is taken
    ("tab character", "a tab can't indent YAML", "use spaces"),
    ("mapping values are not allowed", "a ':' where no key can stand", f"{_QUOTE}, or check the indentation"),
    ("could not find expected ':'", "a key without its ':'", "write 'key: value', or close the quote above"),
    ("did not find expected ',' or ']'", "a list that opens with '[' lacks a ',' or its ']'", _CLOSE),
    ("did not find expected ',' or '}'", "a mapping that opens with '{' lacks a ',' or its '}'", _CLOSE),
    ("did not find expected key", "this does not fit what stands above it", f"{_INDENT}, or {_QUOTE}"),
    ("did not find expected '-'", "this does not fit the list above it", _INDENT),
    ("found unexpected end of stream", "a quote is opened and never closed", _CLOSE),
    ("found unknown escape", "an unknown escape after '\\'", "use single quotes, in which '\\' is only itself"),
    ("found undefined alias", "an alias (*) of which no anchor (&) stands above", _QUOTE),
    ("did not find expected alphabetic", "'*' and '&' need a name", _QUOTE),
    ("second occurrence", "an anchor (&) that stands above already", "give it another name"),
    ("cannot start any token", "text can't begin with this character", _QUOTE),
    ("expected <document start>", "this stands after the end of the document", "begin the next one with '---'"),
)


def syntax_finding(error: MarkedYAMLError, text: str, file: str) -> Diagnostic:
    """Return the parser's error as one finding; `text` is what it was parsing."""
    mark, problem = error.problem_mark, error.problem or ""
    assert mark is not None  # only an error of the reader has none, and the text held nothing that it refuses
    where = Location(file, mark.line + 1, mark.column + 1)
    if problem == DEEP:
        return finding(where, Rule.TOO_DEEP, DEEP, "no manifest needs this")
    if "cannot start" in problem and text[mark.index] == "\t":
        problem = "tab character"
    for part, words, hint in _WORDS:
        if part in problem:
            begin = error.context_mark if hint == _CLOSE else None
            opened = f": it opens at {begin.line + 1}:{begin.column + 1}" if begin is not None else ""
            return finding(where, Rule.YAML_SYNTAX, words, f"{hint}{opened}")
    return finding(where, Rule.YAML_SYNTAX, f"not valid YAML: {problem}")
