from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from support.api_town import Town
from support.pages import Desk

from alerts import incidents as acts
from alerts.model import Incident, TimelineEntry
from alerts.paging.model import PageAnswer, PageToken
from people.model import User


@dataclass
class Room:
    town: Town
    desk: Desk
    incident: int

    def staff(self, username: str, **more: object) -> str:
        """A page to somebody of the staff; its token."""
        return self.token(person=f"user:{self.town.users[username]}", person_name=username.title(), **more)

    def contact(self, cause: str = "not_acknowledged", **more: object) -> str:
        return self.token(person=f"contact:{self.town.contacts['h-north']}", person_name="Son north", cause=cause, **more)

    def token(self, **what: object) -> str:
        now = self.town.clock.now()
        return self.desk.token(self.desk.page(now, **{"incident_id": self.incident, **what}), now)

    def look(self, token: str, language: str = "en") -> httpx.Response:
        answer: httpx.Response = self.town.client.get(f"/api/v1/answers/{token}", headers={"Accept-Language": language})
        return answer

    def say(self, token: str, answer: str = "accepted", language: str = "en") -> httpx.Response:
        headers = {"Accept-Language": language}
        said: httpx.Response = self.town.client.post(f"/api/v1/answers/{token}", json={"answer": answer}, headers=headers)
        return said

    def state(self) -> tuple[str, int | None]:
        with self.town.deps.database.snapshot() as session:
            row = session.get_one(Incident, self.incident)
            return row.state, row.owner_id

    def answers(self) -> list[tuple[str | None, str]]:
        with self.town.deps.database.snapshot() as session:
            return [(row.person_name, row.answer) for row in session.scalars(sa.select(PageAnswer).order_by(PageAnswer.id))]

    def told(self) -> list[str]:
        query = sa.select(TimelineEntry.act).where(TimelineEntry.incident_id == self.incident).order_by(TimelineEntry.id)
        with self.town.deps.database.snapshot() as session:
            return list(session.scalars(query))


@pytest.fixture
def room(town: Town) -> Room:
    return Room(town, Desk(town.deps.database, town.deps.settings), town.incident("h-north", "phone_call"))


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_the_link_shows_who_where_what_and_since_when_and_looking_changes_nothing(room: Room) -> None:
    token = room.staff("supervisor")
    for _ in range(3):
        seen = room.look(token)
        assert seen.status_code == 200
    told = seen.json()
    assert (told["who"], told["where"], told["kind"], told["can"]) == (
        "Old north",
        "1 north street",
        "alarm",
        ["accepted", "declined"],
    )
    assert told["since"]
    assert "heart" not in seen.text
    assert room.state() == ("open", None)
    assert room.answers() == []


def test_who_accepts_takes_it_and_the_next_is_told_who(room: Room) -> None:
    first, second = room.staff("supervisor"), room.staff("operator")
    assert room.say(first).json()["given"] == "accepted"
    assert room.state() == ("acknowledged", room.town.users["supervisor"])
    late = room.say(second)
    assert refused(late) == (409, "already_taken")
    assert "Supervisor" in late.json()["error"]["message"]
    assert "Supervisor" in room.say(second, language="zh-CN").json()["error"]["message"]
    assert room.look(second).json()["refusal"]["code"] == "already_taken"
    assert room.answers() == [("Supervisor", "accepted")]
    assert "page_answered" in room.told()


def test_of_two_who_accept_at_once_one_wins(room: Room) -> None:
    tokens = [room.staff("supervisor"), room.staff("operator"), room.staff("administrator")]
    with ThreadPoolExecutor(3) as pool:
        codes = sorted(answer.status_code for answer in pool.map(room.say, tokens))
    assert codes == [200, 409, 409]
    assert len(room.answers()) == 1


def test_a_contact_is_noted_and_stops_nothing(room: Room) -> None:
    token = room.contact()
    assert room.say(token).status_code == 200
    assert room.state() == ("open", None)
    assert room.answers() == [("Son north", "accepted")]
    assert room.say(room.staff("operator")).status_code == 200
    assert room.state() == ("acknowledged", room.town.users["operator"])
    assert room.answers() == [("Son north", "accepted"), ("Operator", "accepted")]


def test_a_contact_may_still_accept_what_the_centre_has_taken(room: Room) -> None:
    token = room.contact()
    room.say(room.staff("operator"))
    assert room.say(token).status_code == 200


def test_declining_is_noted_and_leaves_it_ringing(room: Room) -> None:
    assert room.say(room.staff("operator"), "declined").status_code == 200
    assert room.state() == ("open", None)
    assert room.answers() == [("Operator", "declined")]


def test_a_link_answers_once_whatever_copies_of_it_were_sent(room: Room) -> None:
    now = room.town.clock.now()
    page = room.desk.page(now, incident_id=room.incident, person=f"contact:{room.town.contacts['h-north']}")
    first, again = room.desk.token(page, now), room.desk.token(page, now + timedelta(minutes=1))
    assert first == again  # every attempt says the same words
    assert room.say(first, "declined").status_code == 200
    assert refused(room.say(first)) == (409, "answer_link_used")
    assert refused(room.say(again)) == (409, "answer_link_used")
    assert room.look(first).json()["given"] == "declined"


def test_a_link_ends_after_its_time(room: Room) -> None:
    token = room.staff("operator")
    room.town.clock.advance(timedelta(hours=24))
    assert refused(room.say(token)) == (409, "answer_link_expired")
    seen = room.look(token).json()
    assert seen["refusal"]["code"] == "answer_link_expired"
    assert (seen["who"], seen["where"], seen["what"], seen["incident_kind"]) == (
        "",
        "",
        "",
        None,
    )  # who finds it later learns nothing
    assert room.state() == ("open", None)


def test_what_is_over_is_said_to_be_over(room: Room) -> None:
    token = room.staff("operator")
    room.town.deps.desk.do(
        acts.Actor(room.town.users["supervisor"], "s"),
        lambda session, by: acts.close(session, room.incident, by, acts.Ending("reassured")),
    )
    assert refused(room.say(token)) == (409, "answer_incident_over")
    assert "1" in room.say(token).json()["error"]["message"]


def test_a_person_who_was_disabled_takes_nothing(room: Room) -> None:
    token = room.staff("operator")
    with room.town.deps.database.transaction() as session:
        session.get_one(User, room.town.users["operator"]).disabled_at = room.town.clock.now()
    assert refused(room.say(token)) == (409, "answer_not_yours")
    assert (room.look(token).json()["who"], room.look(token).json()["where"]) == ("", "")
    assert room.state() == ("open", None)


def test_news_is_only_received(room: Room) -> None:
    token = room.contact("family_opened")
    assert room.look(token).json()["can"] == ["received"]
    assert refused(room.say(token, "accepted")) == (409, "answer_not_possible")
    assert room.say(token, "received").status_code == 200


@pytest.mark.parametrize("token", ["x", "k" * 43, "k" * 200, "%2e%2e", "🔔"])
def test_every_link_that_is_none_gets_one_sentence(room: Room, token: str) -> None:
    for answer in (room.look(token), room.say(token)):
        assert refused(answer) == (404, "answer_link_unknown")
        assert answer.json()["error"]["details"] == {}


def test_who_tries_many_waits_and_a_real_link_still_works(room: Room) -> None:
    codes = [room.look("k" * 43).status_code for _ in range(25)]
    assert codes[0] == 404
    assert codes[-1] == 429
    assert room.say(room.staff("operator")).status_code == 200


def test_only_the_hash_of_a_token_is_stored(room: Room) -> None:
    token = room.staff("operator")
    with room.town.deps.database.snapshot() as session:
        rows = list(session.scalars(sa.select(PageToken)))
    assert rows
    assert all(token != row.token_hash and len(row.token_hash) == 64 for row in rows)


def test_the_owner_who_presses_again_is_told_it_is_done(room: Room) -> None:
    room.say(room.staff("operator"))
    assert room.say(room.staff("operator")).status_code == 200
    assert room.state() == ("acknowledged", room.town.users["operator"])


def test_an_address_without_a_person_is_noted_and_takes_nothing(room: Room) -> None:
    assert room.say(room.token(channel="apprise", target="json://duty.example/")).status_code == 200
    assert room.state() == ("open", None)
    assert room.answers() == [(None, "accepted")]
