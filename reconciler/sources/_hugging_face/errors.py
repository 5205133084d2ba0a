"""What a refusal of a Hugging Face hub means. The hub says it in headers; a status alone says little."""

from collections.abc import Mapping

from reconciler.errors import AccessDenied, NotFound, ResolutionError, SourceUnavailable

TOKEN = "HF_TOKEN"  # noqa: S105  (the variable's name)


def refusal(status: int, headers: Mapping[str, str], page: str, revision: str, *, with_token: bool) -> ResolutionError:
    """Return the error for an answer that is not a success; `page` is the repo's address for people."""
    repo = "/".join(page.split("/")[-2:])
    if status == 401 and headers.get("X-Error-Message", "").startswith("Invalid"):
        return AccessDenied(f"the token in {TOKEN} was not accepted", hint=f"make a new one, or unset {TOKEN}")
    match headers.get("X-Error-Code"):
        case "GatedRepo":
            return _gated(repo, page, with_token=with_token)
        case "RevisionNotFound":
            return NotFound(f"{repo} has no revision {revision}", hint=f"its branches and tags are at {page}/tree/main")
        case "EntryNotFound":
            return NotFound(f"{repo} has no such file at {revision}", hint=f"its files are at {page}/tree/{revision}")
        case _:
            return _by_status(status, repo, page, with_token=with_token)


def _by_status(status: int, repo: str, page: str, *, with_token: bool) -> ResolutionError:
    match status:
        case 401 | 404:
            return _no_repo(repo, with_token=with_token)
        case 403:
            return AccessDenied(f"the hub forbids {repo}", hint=f"see {page}, and what the token in {TOKEN} may do")
        case 429:
            hint = "try again later" if with_token else f"try again later, or set {TOKEN} for a higher limit"
            return SourceUnavailable("the hub says: too many requests (429)", hint=hint)
        case _:
            return SourceUnavailable(f"the hub answered {repo} with {status}", hint="try again later")


def _gated(repo: str, page: str, *, with_token: bool) -> ResolutionError:
    if with_token:
        return AccessDenied(f"{repo} is gated", hint=f"the token in {TOKEN} has no access yet: ask for it at {page}")
    return AccessDenied(f"{repo} is gated", hint=f"agree to its terms at {page} and set {TOKEN}")


def _no_repo(repo: str, *, with_token: bool) -> ResolutionError:
    """Return the error for a repo that is not there or not shown; the hub does not tell which."""
    state = f"the token in {TOKEN} lacks access to it" if with_token else f"it is private and {TOKEN} is not set"
    return NotFound(f"there is no repo {repo}", hint=f"check the spelling, or {state}")
