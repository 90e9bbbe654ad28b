"""What the Dockerfile copies, built into a wheel and installed into an empty environment, is a centre: it starts, works, stops."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import httpx
import orjson
import pytest
from support.centre import centre_environment
from support.image import ROOT, build_wheel, copies, install, instructions, lay_out
from support.processes import until

from yinling.guard import SUPERVISOR_VARIABLE

NEEDED_DATA = ("api/static/index.html", "devices/profiles/sos-button.toml", "yinling/migrations/script.py.mako")


def test_every_file_the_dockerfile_copies_is_in_the_tree() -> None:
    missing = [source for copy in copies() if copy.origin is None for source in copy.sources if not (ROOT / source).exists()]
    assert missing == []


def test_base_images_are_exact_versions() -> None:
    images = [line.split()[1] for line in instructions() if line.startswith("FROM")]
    assert len(images) == 3
    for image in images:
        name, _, tag = image.partition(":")
        assert name in {"node", "python"}
        assert tag.split("-")[0].count(".") == 2, f"{image} floats"


@pytest.mark.timeout(600)
def test_the_wheel_in_an_empty_environment_starts_a_centre(tmp_path: Path) -> None:
    tree = tmp_path / "src"
    lay_out("wheel", tree)
    wheel = build_wheel(tree, tmp_path / "dist")
    holds_what_the_tree_has(wheel)
    yinling = install(wheel, tree / "requirements" / "run.lock", tmp_path / "empty")

    data_dir = tmp_path / "data"
    environment = {**centre_environment(data_dir), SUPERVISOR_VARIABLE: str(os.getpid()), "PYTHONPATH": ""}
    environment.pop("VIRTUAL_ENV", None)
    environment.pop("YINLING_ADMIN_PASSWORD")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(yinling), "run"], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        said = (tmp_path / "log").read_text
        until(lambda: process.poll() is not None or (data_dir / "run.json").exists(), 240, said, 0.1)
        assert process.poll() is None, said()
        run = orjson.loads((data_dir / "run.json").read_bytes())
        address = f"http://127.0.0.1:{run['ports']['http']}"
        ready = httpx.get(f"{address}/readyz", timeout=10)
        assert ready.status_code == 200, ready.text
        assert "<div id=" in httpx.get(address, timeout=10).text
        until(lambda: "admin / " in said(), what=said)
        password = said().split("admin / ")[1].split()[0]
        answer = httpx.post(f"{address}/api/v1/sign-in", json={"username": "admin", "password": password}, timeout=10)
        assert answer.status_code == 200, answer.text
        every_process_says_that_it_is_well(yinling, {**environment, "YINLING_DATA_DIR": str(data_dir)}, run["ports"])
        programs = {name: Path(f"/proc/{pid}/cmdline").read_text() for name, pid in run["children"].items()}
        assert set(programs) == {"broker", "ingest-0", "pager", "api"}
        assert [name for name, program in programs.items() if str(tmp_path / "empty") not in program] == []
    finally:
        process.terminate()
        process.wait(30)
    assert process.returncode == 0
    assert "Traceback" not in said()


def every_process_says_that_it_is_well(yinling: Path, environment: dict[str, str], ports: dict[str, int]) -> None:
    """As a container's health check asks, with the ports the supervisor chose."""
    chosen = {**environment, "YINLING_NATS_PORT": str(ports["nats"]), "YINLING_HTTP_PORT": str(ports["http"])}
    chosen.pop(SUPERVISOR_VARIABLE)
    for process, code in {"ingest-0": 0, "pager": 0, "api": 0, "ingest-1": 1}.items():
        asked = subprocess.run([str(yinling), "health", process], env=chosen, capture_output=True, text=True, check=False)
        assert asked.returncode == code, f"{process}: {asked.stdout}{asked.stderr}"
        assert asked.stdout.startswith(f"{process}: {'does not answer' if code else 'ok'}")


def holds_what_the_tree_has(wheel: Path) -> None:
    """Every source and data file of the packages; a wheel without one of them starts, and fails the day it is needed."""
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert set(NEEDED_DATA) - held == set()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    packages = {copy.target.rstrip("/") for copy in copies() if copy.stage == "wheel" and copy.target.endswith("/")}
    wanted = {path for path in listed if path.split("/")[0] in packages - {"requirements"} and (ROOT / path).exists()}
    assert len(wanted) > 100
    assert wanted - held == set()
