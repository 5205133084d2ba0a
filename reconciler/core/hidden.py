"""Secrets in texts: what leaves this process shows them as `***`."""

from collections.abc import Collection

SHOWN = "***"


def hiding(secrets: Collection[str]) -> tuple[str, ...]:
    """Return these values as `hidden` wants them: bare, not empty, the longest first."""
    return tuple(sorted({secret.strip() for secret in secrets} - {""}, key=len, reverse=True))


def hidden(text: str, secrets: tuple[str, ...]) -> str:
    """Return the text without any of `secrets`, which `hiding` has put in order."""
    for secret in secrets:
        text = text.replace(secret, SHOWN)
    return text
