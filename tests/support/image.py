"""The Dockerfile without an engine: what its stages copy from the tree, and the wheel built from exactly that and installed.

The tree's virtual environment plays no part: the environment is empty, its packages come from the locked run list alone.
"""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Copy:
    """One `COPY` of a stage: sources and target; `origin` names another stage."""

    stage: str
    sources: tuple[str, ...]
    target: str
    origin: str | None


def copies() -> Iterator[Copy]:
    """Every `COPY` of the Dockerfile, in order."""
    stage = ""
    for line in instructions():
        words = line.split()
        if words[0] == "FROM":
            stage = words[3] if len(words) > 2 else "last"
        elif words[0] == "COPY":
            origin = words[1].removeprefix("--from=") if words[1].startswith("--from=") else None
            *sources, target = words[2:] if origin else words[1:]
            yield Copy(stage, tuple(sources), target, origin)


def instructions() -> list[str]:
    """The Dockerfile's instructions, each on one line, without comments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    whole = re.sub(r"\\\n\s*", " ", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    return [line for line in whole.splitlines() if line.strip()]


def folders_of_the_user() -> list[str]:
    """The folders of the last image that belong to its user: an engine gives an empty volume the owner of the one it covers."""
    text = next(line for line in instructions() if "install -d" in line)
    return [word for part in text.split("&&") if "install -d" in part for word in part.split() if word.startswith("/")]


def is_sent(path: Path) -> bool:
    """Whether `.dockerignore` lets a file of the tree reach the builder."""
    relative = path.relative_to(ROOT)
    places = [relative, *relative.parents][:-1]
    for pattern in (ROOT / ".dockerignore").read_text(encoding="utf-8").split():
        plain = pattern.removeprefix("**/")
        for place in places:
            if fnmatch.fnmatch(place.name if plain != pattern else str(place), plain):
                return False
    return True


def lay_out(stage: str, target: Path) -> None:
    """Copy into `target` what a stage copies from the tree; the built pages stand for the stage that builds them."""
    for copy in copies():
        if copy.stage != stage:
            continue
        for source in copy.sources:
            if copy.origin == "pages":
                shutil.copytree(ROOT / source.removeprefix("/src/"), target / copy.target)
            elif copy.origin is None:
                _copy(ROOT / source, target / copy.target, is_file_list=not source.endswith("/"))


def _copy(source: Path, target: Path, *, is_file_list: bool) -> None:
    files = [source] if is_file_list else [path for path in source.rglob("*") if path.is_file()]
    for file in files:
        if is_sent(file):
            place = target / (file.name if is_file_list else file.relative_to(source))
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def build_wheel(tree: Path, target: Path) -> Path:
    """The wheel of a laid-out tree, built as the Dockerfile builds it."""
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)], tree)
    return next(target.glob("*.whl"))


def install(wheel: Path, lock: Path, environment: Path) -> Path:
    """An empty environment with the locked packages and the wheel, and nothing else; gives its `yinling`."""
    uv = [sys.executable, "-m", "uv"]
    _run([*uv, "venv", "--quiet", "--python", sys.executable, str(environment)], environment.parent)
    python = str(environment / "bin" / "python")
    _run(
        [*uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, "--require-hashes", "-r", str(lock)],
        environment.parent,
    )
    _run([*uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, "--no-deps", str(wheel)], environment.parent)
    return environment / "bin" / "yinling"


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
