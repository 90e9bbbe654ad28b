"""The InfluxDB 2.9 of the tests: found, or built once from the Go module registry by the module in `tests/servers`.

Looked for in this order: `YINLING_TEST_INFLUXD`, an `influxd` 2.x on the path, the cache in the home folder; then it is
built into that cache, which takes some minutes, once, whoever asks at the same time (`python -m support.influxd` builds it).
Its Flux library is compiled by cargo.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

VERSION = "2.9.1"
MODULE = "github.com/influxdata/influxdb/v2/cmd/influxd"
PKG_CONFIG = "github.com/influxdata/pkg-config@v0.3.0"
SERVERS = Path(__file__).parents[1] / "servers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yinling"
NEEDED = ("go", "cargo")
ALSO_NEEDED = {"pkg-config": "pkg-config", "protoc": "protobuf-compiler", "clang": "clang"}
"""Programs of the build and Debian's packages of them."""
MISSING = "there is no InfluxDB 2 (YINLING_TEST_INFLUXD, influxd), and no Go and cargo to build it with"


def find_influxd() -> Path | None:
    """The program, where there is one already."""
    given = os.environ.get("YINLING_TEST_INFLUXD")
    if given:
        return Path(given)
    on_path = shutil.which("influxd")
    if on_path is not None and _is_2(on_path):
        return Path(on_path)
    cached = CACHE / f"influxd-{VERSION}"
    return cached if cached.exists() else None


def influxd() -> Path | None:
    """The program, built first where that is possible; None where it is not."""
    found = find_influxd()
    if found is not None or any(shutil.which(program) is None for program in NEEDED):
        return found
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "influxd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return find_influxd() or _build(CACHE / f"influxd-{VERSION}")


def require_influxd() -> Path:
    """The program; without it the test is skipped, and where CI is set it fails."""
    found = influxd()
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{MISSING}; where CI is set nothing may be skipped for it")
    if found is None:
        pytest.skip(MISSING)
    return found


def _is_2(program: str) -> bool:
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    return "InfluxDB v2." in said or "InfluxDB 2." in said


def _build(target: Path) -> Path:
    missing = [package for program, package in ALSO_NEEDED.items() if shutil.which(program) is None]
    assert not missing, f"InfluxDB's build needs Debian's {' '.join(missing)}"
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        environment = {**os.environ, "RUSTUP_TOOLCHAIN": os.environ.get("RUSTUP_TOOLCHAIN", "stable"), "GOBIN": folder}
        _run(["go", "install", PKG_CONFIG], environment, Path(folder))
        environment["PKG_CONFIG"] = str(Path(folder) / "pkg-config")
        built = Path(folder) / "influxd"
        _run(["go", "build", "-tags", "sqlite_foreign_keys,sqlite_json", "-o", str(built), MODULE], environment, SERVERS)
        built.replace(target)
    return target


def _run(command: list[str], environment: dict[str, str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"


if __name__ == "__main__":
    if find_influxd() is None:
        print("Building InfluxDB for the tests (once, some minutes)", flush=True)
    if influxd() is None:
        print(MISSING, file=sys.stderr)
