"""Whatever Grafana answers, a person is told by code and sentence what to do; one refusal stops nothing else."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from support.grafana_houses import House
from support.grafana_server import grafana_server

from core.config import Settings
from core.grafana_messages import GRAFANA_MESSAGES
from core.messages import text
from yinling.grafana.adapter import Grafana
from yinling.grafana.facts import Facts
from yinling.grafana.refusal import GrafanaRefusedError


def code_of(settings: Settings) -> str:
    with pytest.raises(GrafanaRefusedError) as refused:
        Grafana(settings).probe()
    for language in ("zh-CN", "en"):
        assert "—" not in text(refused.value.code, language, refused.value.details), "every place of the sentence is filled"
    return refused.value.code


def test_a_grafana_is_found_and_let_in(grafana: House) -> None:
    version = Grafana(grafana.settings()).probe()
    assert version[:2].isdecimal() or version == "?"


def test_a_sign_in_that_is_not_known(grafana: House) -> None:
    nobody: dict[str, Any] = {"grafana_user": None, "grafana_password": None, "grafana_token": "glsa_nobody"}
    assert code_of(grafana.settings(**nobody)) == "grafana_sign_in_refused"


def test_a_wrong_password(grafana: House) -> None:
    assert code_of(grafana.settings(grafana_user="nobody-here", grafana_password="wrong")) == "grafana_sign_in_refused"


def test_nothing_is_set_up(grafana: House) -> None:
    less: dict[str, Any]
    for less in ({"grafana_url": None}, {"grafana_user": None, "grafana_password": None, "grafana_token": None}):
        assert code_of(grafana.settings(**less)) == "grafana_not_set_up"


def test_a_sign_in_goes_over_the_network_in_the_clear_only_where_that_was_decided(grafana: House) -> None:
    assert code_of(grafana.settings(grafana_url="http://192.0.2.7:3000")) == "grafana_in_the_clear"
    Grafana(grafana.settings(grafana_url="http://192.0.2.7:3000", plain_links=("grafana",)))
    Grafana(grafana.settings(grafana_url="https://192.0.2.7:3000"))


def test_nobody_answers(grafana: House) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert code_of(grafana.settings(grafana_url=f"http://127.0.0.1:{taken.getsockname()[1]}")) == "grafana_away"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, b"<html>A page of something else</html>"), "grafana_not_grafana"),
        ((200, {"status": "ok"}), "grafana_not_grafana"),
        ((404, {"detail": "Not Found"}), "grafana_not_grafana"),
        ((302, {"location": "https://elsewhere.example/login"}), "grafana_redirects"),
        ((503, {"database": "failing", "version": "11.0.0"}), "grafana_unwell"),
        ((502, b"bad gateway"), "grafana_failed"),
        ((200, {"database": "ok", "version": "9.5.2"}), "grafana_too_old"),
    ],
)
def test_what_answers_is_no_grafana_we_can_use(documented: House, answer: tuple[int, Any], code: str) -> None:
    assert documented.server is not None
    documented.server.answer_next.append(answer)
    assert code_of(documented.settings()) == code


def test_a_redirect_is_not_followed_and_carries_the_sign_in_nowhere(documented: House) -> None:
    assert documented.server is not None
    with grafana_server() as elsewhere:
        documented.server.answer_next += [(200, {"database": "ok"}), (302, {"location": f"{elsewhere.url}/api/org"})]
        assert code_of(documented.settings()) == "grafana_redirects"
        assert elsewhere.heard == []


def test_a_grafana_below_a_path_that_hides_its_version(tmp_path: Any) -> None:
    with grafana_server(prefix="/charts", hide_version=True) as server:
        house = House(server.url, "admin", "admin", None, "yltpath", tmp_path, server)
        assert Grafana(house.settings()).probe() == "?"
        assert {path for _, path in server.heard} == {"/api/health", "/api/org"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, {"message": "bad request data"}), "grafana_input_refused"),
        ((403, {"message": "You'll need additional permissions"}), "grafana_not_allowed"),
        ((403, {"message": "Quota reached", "status": "quota-reached"}), "grafana_quota_reached"),
        ((409, {"message": "data source with the same name already exists"}), "grafana_name_taken"),
        ((422, {"message": "spec is invalid"}), "grafana_input_refused"),
        ((500, {"message": "Internal server error", "traceID": "1"}), "grafana_failed"),
    ],
)
def test_one_refused_thing_is_a_line_and_the_rest_goes_on(
    documented: House, facts: Facts, answer: tuple[int, Any], code: str
) -> None:
    server = documented.server
    assert server is not None

    def refuse_first_write(method: str, path: str) -> None:
        if method == "POST" and path == "/api/datasources" and not server.answer_next:
            server.before = None
            server.answer_next.append(answer)

    server.before = refuse_first_write
    done = documented.sync(facts)
    [line] = [one for one in done if one.action == "refused"]
    assert (line.kind, line.code) == ("source", code)
    assert "—" not in text(code, "zh-CN", line.details)
    assert len([one for one in done if (one.kind, one.action) == ("dashboard", "created")]) == 7
    assert [one for one in documented.sync(facts) if one.action == "refused"] == [], "the next sync makes up for it"


@pytest.mark.parametrize(("status", "code"), [(429, "grafana_slow_down"), (401, "grafana_sign_in_refused")])
def test_where_nothing_else_could_succeed_it_ends_there(documented: House, facts: Facts, status: int, code: str) -> None:
    server = documented.server
    assert server is not None

    def refuse(method: str, _path: str) -> None:
        if method == "POST":
            server.answer_next.append((status, {"message": "no"}))

    server.before = refuse
    with pytest.raises(GrafanaRefusedError) as refused:
        documented.sync(facts)
    assert refused.value.code == code
    assert len(server.writes()) == 1


def test_a_viewers_sign_in_is_told_that_it_may_not(documented: House, facts: Facts) -> None:
    assert documented.server is not None
    token = documented.server.rooms.token("Viewer")
    done = documented.sync(facts, grafana_user=None, grafana_password=None, grafana_token=token)
    assert {one.code for one in done if one.action == "refused"} == {"grafana_not_allowed"}
    assert not [one for one in done if one.action == "created"]


def test_a_missing_reading_token_makes_no_data_source_and_says_so(documented: House, facts: Facts) -> None:
    plan = documented.plan(facts, grafana_influx_token=None)
    assert [one["type"] for one in plan.sources] == ["prometheus"]
    assert [note.code for note in plan.notes] == ["grafana_read_token_missing"]


def test_every_code_is_documented_and_no_sentence_shows_a_secret() -> None:
    assert all(
        "{token}" not in sentence and "{password}" not in sentence for pair in GRAFANA_MESSAGES.values() for sentence in pair
    )
    assert {"grafana_changed_meanwhile", "grafana_name_taken", "grafana_accounts_need_password"} <= set(GRAFANA_MESSAGES)
