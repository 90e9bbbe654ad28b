"""`yinling rules`: what a text would change is said first, a text with a mistake changes nothing, and a round trip neither."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from alerts.ruleset.builtin import builtin_specs
from core.config import Settings
from core.database import Database
from people.model import AuditEntry

ALL = len(builtin_specs())


def _run(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YINLING_")}
    return subprocess.run(
        [sys.executable, "-m", "yinling", "rules", *arguments, "--data-dir", str(folder)],
        env=clean,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_rules_go_out_and_in_again(tmp_path: Path) -> None:
    folder, file = tmp_path / "data", tmp_path / "rules.yaml"
    listed = _run(folder, "list")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.startswith("sos  ")
    assert "紧急呼叫 / Call for help" in listed.stdout

    assert _run(folder, "export", "--output", str(file)).returncode == 0
    assert _run(folder, "import", str(file)).stdout == f"0 created, 0 changed, {ALL} unchanged\n"

    later = file.read_text(encoding="utf-8").replace("within_seconds: 900.0", "within_seconds: 600.0")
    tried = _run(folder, "import", "-", "--dry-run", given=later)
    assert tried.stdout == f"night_wandering: would be changed\n0 would be created, 1 would be changed, {ALL - 1} unchanged\n"
    assert _run(folder, "import", "-", "--dry-run", given=later).stdout == tried.stdout, "a dry run changed nothing"

    done = _run(folder, "import", "-", given=later)
    assert done.stdout == f"night_wandering: changed\n0 created, 1 changed, {ALL - 1} unchanged\n"
    shown = _run(folder, "show", "night_wandering").stdout
    assert "within_seconds: 600.0" in shown
    assert "# version 1, " in shown
    database = Database(Settings(data_dir=folder).relational_url)
    with database.snapshot() as session:
        entry = session.query(AuditEntry).filter(AuditEntry.action == "rule.changed").one()
    database.close()
    assert (entry.actor, entry.subject, (entry.details or {})["fields"]) == ("command line", "night_wandering", ["within_seconds"])


def test_a_text_with_a_mistake_is_one_sentence_per_mistake_and_changes_nothing(tmp_path: Path) -> None:
    exported = _run(tmp_path, "export").stdout
    wrong = exported.replace("severity: critical", "severity: low", 1).replace("within_seconds: 900.0", "within_seconds: 600.0")
    refused = _run(tmp_path, "import", "-", given=wrong)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "sos, severity, line 3: The rule “sos” protects life" in refused.stderr
    assert "nothing was changed" in refused.stderr
    assert "within_seconds: 900.0" in _run(tmp_path, "show", "night_wandering").stdout


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    for arguments, sentence in (
        (("show", "nothing"), "There is no such rule."),
        (("import", str(tmp_path / "nothing.yaml")), "cannot be read"),
    ):
        refused = _run(tmp_path / "data", *arguments)
        assert refused.returncode == 2
        assert sentence in refused.stderr
        assert "Traceback" not in refused.stderr
