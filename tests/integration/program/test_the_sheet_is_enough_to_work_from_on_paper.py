from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.processes import until
from support.stores import START

from alerts.acts.by import By
from alerts.acts.record import ByHand
from alerts.incidents import Ending, close, open_by_hand
from alerts.timeline import Actor
from core.clock import ManualClock
from core.config import Settings
from core.database import Database
from people.model import Area, AuditEntry, Contact, Home, Resident, User
from yinling.sheet import facts, paper
from yinling.sheet.making import HourlySheet, make_sheet


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def said_by(page: str) -> str:
    texts = _Texts()
    texts.feed(page)
    return "\n".join(texts.said)


@pytest.fixture
def actor(database: Database) -> Actor:
    """Two streets; a woman on oxygen alone, a couple that is well, and an operator."""
    with database.transaction() as session:
        user = User(username="wang", name="王敏", role="operator", password_hash="x", created_at=START)
        street = Area(code="qs", name="青山街道", path="/qs/")
        grid = Area(code="qs-1", name="一网格", path="/qs/qs-1/")
        session.add_all([user, street, grid])
        session.flush()
        alone = Home(
            code="h1", name="李家", address="青山路 1 号 <3 栋>", area_id=grid.id, entry_method="密码 2580#", created_at=START
        )
        couple = Home(code="h2", name="周家", address="青山路 2 号", area_id=street.id, phone="0500-1", created_at=START)
        session.add_all([alone, couple])
        session.flush()
        session.add_all(
            [
                Resident(
                    home_id=alone.id,
                    name="李桂兰",
                    birth_date=date(1940, 2, 29),
                    phone="128 0001",
                    on_oxygen=True,
                    created_at=START,
                ),
                Resident(home_id=couple.id, name="周海", lives_alone=False, created_at=START),
                Resident(home_id=couple.id, name="赵梅", lives_alone=False, created_at=START),
                Contact(home_id=alone.id, name="李明", relation="儿子", phone="139 0001", key_holder=True, created_at=START),
            ]
        )
        session.flush()
        return Actor(user.id, user.name)


def open_one(database: Database, settings: Settings, actor: Actor, code: str, kind: str) -> int:
    with database.transaction() as session:
        home = session.query(Home).filter_by(code=code).one()
        return open_by_hand(session, home.id, By(actor, START, settings), ByHand(kind)).id


def ticks(chore: HourlySheet, holds: Callable[[], bool]) -> bool:
    """One more tick, and whether it holds now."""
    chore.tick()
    return holds()


def sheet(database: Database, clock: ManualClock, settings: Settings) -> str:
    return said_by(make_sheet(database, clock, settings).html.read_text("utf-8"))


def test_it_says_who_is_open_and_how_to_reach_and_enter_them(
    database: Database, clock: ManualClock, settings: Settings, actor: Actor
) -> None:
    open_one(database, settings, actor, "h2", "smoke")
    closed = open_one(database, settings, actor, "h1", "phone_call")
    with database.transaction() as session:
        close(session, closed, By(actor, START, settings), Ending("reassured"))
    text = sheet(database, clock, settings)
    incidents, risk = text.split("各区域重点老人")
    assert "未结束的警情（1）" in incidents
    assert "◆ 危急 #1 烟雾报警" in incidents
    assert "周海、赵梅" in incidents
    assert "0500-1" in incidents
    assert "来电" not in incidents
    assert "青山街道 › 一网格" in risk
    for part in (
        "李桂兰（86 岁）",
        "128 0001",
        "青山路 1 号 <3 栋>",
        "密码 2580#",
        "用氧、独居、高龄",
        "李明（儿子，有钥匙）",
        "139 0001",
    ):
        assert part in risk, part
    assert "周海" not in risk


def test_it_speaks_english_where_the_centre_does(database: Database, clock: ManualClock, settings: Settings, actor: Actor) -> None:
    open_one(database, settings, actor, "h1", "sos")
    text = sheet(database, clock, settings.model_copy(update={"language": "en"}))
    assert "◆ Critical #1 SOS" in text
    assert "oxygen、lives alone、80 or older" in text


def test_an_empty_centre_has_a_sheet_to_write_on(database: Database, clock: ManualClock, settings: Settings) -> None:
    text = sheet(database, clock, settings)
    assert "没有未结束的警情。" in text
    assert "没有登记重点老人。" in text
    assert "做了什么、几点" in text


@pytest.mark.usefixtures("actor")
def test_areas_with_many_at_risk_say_how_many_are_left_out(
    database: Database, clock: ManualClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "HOMES_PER_AREA", 1)
    with database.transaction() as session:
        grid = session.query(Area).filter_by(code="qs-1").one()
        for serial in range(3):
            home = Home(code=f"more-{serial}", name="家", address="路", area_id=grid.id, created_at=START)
            session.add(home)
            session.flush()
            session.add(Resident(home_id=home.id, name=f"独居老人 {serial}", created_at=START))
    text = sheet(database, clock, settings)
    assert "李桂兰" in text  # oxygen comes before living alone
    assert "独居老人 0" not in text
    assert "本区域另有 3 户重点老人未列出。" in text


@pytest.mark.usefixtures("actor")
def test_both_files_are_for_their_owner_only_and_the_audit_knows_of_them(
    database: Database, clock: ManualClock, settings: Settings
) -> None:
    written = make_sheet(database, clock, settings)
    assert written.pdf is not None
    assert written.pdf.read_bytes().startswith(b"%PDF-")
    for path, mode in ((written.html, 0o600), (written.pdf, 0o600), (written.html.parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    with database.snapshot() as session:
        entry = session.query(AuditEntry).filter_by(action="sheet.written").one()
        assert (entry.subject, entry.details) == (written.html.name, {"incidents": 0, "homes": 1})


@pytest.mark.usefixtures("actor")
def test_the_newest_are_kept_and_nothing_else_is_touched(database: Database, clock: ManualClock, settings: Settings) -> None:
    few = settings.model_copy(update={"sheets_kept": 2})
    few.sheet_dir.mkdir(parents=True)
    (few.sheet_dir / "notes.html").touch()
    stamps = []
    for _ in range(3):
        stamps.append(make_sheet(database, clock, few).html.name)
        clock.advance(timedelta(hours=1))
    assert sorted(path.name for path in few.sheet_dir.glob("*.html")) == sorted(["notes.html", *stamps[1:]])
    assert len(list(few.sheet_dir.glob("*.pdf"))) == 2


def test_a_machine_without_pango_still_has_the_page(
    database: Database, clock: ManualClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)  # what an import that fails looks like
    written = make_sheet(database, clock, settings)
    assert written.pdf is None
    assert "纸面值守单" in written.html.read_text("utf-8")


def test_the_command_says_where_it_lies_and_what_is_wrong(tmp_path: Path) -> None:
    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YINLING_")} | settings
        command = [sys.executable, "-m", "yinling", *arguments, "--data-dir", str(tmp_path / "data")]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)

    assert run("migrate").returncode == 0
    made = run("sheet", "--folder", str(tmp_path / "desk"))
    assert made.returncode == 0, made.stderr
    assert [Path(line).parent.name for line in made.stdout.splitlines()] == ["desk", "desk"]
    assert all(Path(line).is_file() for line in made.stdout.splitlines())
    away = run("sheet", YINLING_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/nothing?sslmode=disable")
    assert away.returncode == 2
    assert "does not answer" in away.stderr
    assert str(tmp_path / "data" / "sheets") in away.stderr


def test_the_pager_wishes_for_one_every_hour_and_never_for_two_at_once(
    settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    log = tmp_path / "made"
    script = f"import time; open({str(log)!r}, 'a').write('x'); time.sleep(0.2)"
    chore = HourlySheet(settings, clock, (sys.executable, "-c", script))
    chore.tick()
    assert not log.exists()
    clock.advance(timedelta(seconds=301))
    for _ in range(3):
        chore.tick()
    until(lambda: log.exists() and log.read_text() == "x")
    clock.advance(timedelta(minutes=59))
    chore.tick()
    clock.advance(timedelta(minutes=1))
    until(lambda: ticks(chore, lambda: log.read_text() == "xx"))
    chore.close()


def test_a_sheet_that_failed_is_tried_again_soon(settings: Settings, clock: ManualClock, tmp_path: Path) -> None:
    log = tmp_path / "tried"
    chore = HourlySheet(settings, clock, (sys.executable, "-c", f"open({str(log)!r}, 'a').write('x'); raise SystemExit(2)"))
    clock.advance(timedelta(seconds=301))
    chore.tick()
    until(lambda: log.exists() and log.read_text() == "x")
    until(lambda: ticks(chore, lambda: chore.is_idle))
    clock.advance(timedelta(seconds=301))
    until(lambda: ticks(chore, lambda: log.read_text() == "xx"))
    chore.close()


def test_no_sheet_is_wished_for_when_none_is_wanted(settings: Settings, clock: ManualClock, tmp_path: Path) -> None:
    log = tmp_path / "made"
    none = settings.model_copy(update={"sheet_minutes": 0})
    chore = HourlySheet(none, clock, (sys.executable, "-c", f"open({str(log)!r}, 'a')"))
    clock.advance(timedelta(days=1))
    chore.tick()
    assert chore.is_idle


def test_a_page_fetches_nothing_from_outside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        made = paper.to_pdf(f'<img src="http://127.0.0.1:{server.getsockname()[1]}/x.png"><p>银铃</p>')
        with pytest.raises(TimeoutError):
            server.accept()
    assert made.startswith(b"%PDF-")
