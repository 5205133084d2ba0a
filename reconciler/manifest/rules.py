"""The rules that a manifest can break: one stable name each, for machines that read findings."""

from enum import StrEnum

from reconciler.core.diagnostics import Diagnostic, Location, Severity

IGNORED = "# reconciler: ignore"  # the first line of a YAML file that is no manifest, such as one of Kubernetes


class Rule(StrEnum):
    """Every finding's `code`; once released, a name keeps its meaning."""

    # files
    NO_SUCH_PATH = "no-such-path"
    NO_MANIFESTS = "no-manifests"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    CONTROL_CHARACTER = "control-character"
    # YAML
    YAML_SYNTAX = "yaml-syntax"
    AMBIGUOUS_SCALAR = "ambiguous-scalar"
    DUPLICATE_KEY = "duplicate-key"
    KEY_NOT_TEXT = "key-not-text"
    MERGE_KEY = "merge-key"
    YAML_TAG = "yaml-tag"
    ALIAS_CYCLE = "alias-cycle"
    TOO_DEEP = "too-deep"
    TOO_MANY_NODES = "too-many-nodes"
    # schema
    UNKNOWN_API_VERSION = "unknown-api-version"
    UNKNOWN_KIND = "unknown-kind"
    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    EXCLUSIVE_KEYS = "exclusive-keys"
    WRONG_TYPE = "wrong-type"
    WRONG_VALUE = "wrong-value"
    EMPTY = "empty"
    INVALID_MODEL_NAME = "invalid-model-name"
    INVALID_HOST_NAME = "invalid-host-name"
    INVALID_LISTED_NAME = "invalid-listed-name"
    INVALID_TIME = "invalid-time"
    INVALID_SHA256 = "invalid-sha256"
    INVALID_LOCAL_FILE = "invalid-local-file"
    INVALID_LOCAL_FOLDER = "invalid-local-folder"
    INVALID_ENV_NAME = "invalid-env-name"
    INVALID_URL = "invalid-url"
    # one resource
    QUANTIZE_NEEDS_FILES = "quantize-needs-files"
    BASE_UNDER_OWN_NAME = "base-under-own-name"
    NO_SUCH_EXAMPLES = "no-such-examples"
    INVALID_EXAMPLE = "invalid-example"
    TOO_MANY_EXAMPLES = "too-many-examples"
    # all of them together
    DUPLICATE_MODEL = "duplicate-model"
    DUPLICATE_HOST = "duplicate-host"
    DUPLICATE_POLICY = "duplicate-policy"
    SELF_BASE = "self-base"
    BASE_CYCLE = "base-cycle"
    PULL_OVERWRITES = "pull-overwrites"
    UNDECLARED_BASE = "undeclared-base"
    BASE_NOT_EVERYWHERE = "base-not-everywhere"
    NO_HOST_SELECTED = "no-host-selected"
    SAME_URL = "same-url"
    CASE_ONLY = "case-only"
    TOO_MANY_MODELS = "too-many-models"
    TOO_MUCH_TEXT = "too-much-text"
    # what comes from elsewhere
    NOT_CONVERTED = "not-converted"
    # the lock
    LOCK_SYNTAX = "lock-syntax"
    LOCK_VERSION = "lock-version"
    LOCK_ENTRY = "lock-entry"
    LOCK_CONFLICT = "lock-conflict"
    # snapshots
    SNAPSHOT_SYNTAX = "snapshot-syntax"
    SNAPSHOT_VERSION = "snapshot-version"
    SNAPSHOT_ENTRY = "snapshot-entry"


_LONGEST = 1000  # characters of a message

WARNINGS = frozenset(
    {
        Rule.UNDECLARED_BASE,
        Rule.BASE_NOT_EVERYWHERE,
        Rule.NO_HOST_SELECTED,
        Rule.SAME_URL,
        Rule.CASE_ONLY,
        Rule.NOT_CONVERTED,
    }
)


def finding(where: Location, rule: Rule, message: str, hint: str = "") -> Diagnostic:
    """Return a finding of this rule, as bad as the rule says; what it repeats of a manifest is shortened."""
    severity = Severity.WARNING if rule in WARNINGS else Severity.ERROR
    return Diagnostic(where, _shortened(message), _shortened(hint), severity, rule.value)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


def nearest(word: str, known: list[str]) -> str:
    """Return the known word that is closest to this one, whatever its case, or an empty text."""
    from difflib import get_close_matches

    spelled = {item.lower(): item for item in known}
    close = get_close_matches(word.lower(), list(spelled), n=1, cutoff=0.6)
    return spelled[close[0]] if close else ""
