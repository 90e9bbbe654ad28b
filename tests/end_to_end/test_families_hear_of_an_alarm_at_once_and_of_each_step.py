"""Who consented is told in the moment the alarm opens, and then at each step until it is closed; who did not, is not."""

from __future__ import annotations

from pathlib import Path

from support.moved_time import moved_centre

APART_SECONDS = 65
"""Longer than pages to one person are put together."""


def test_at_once_and_at_each_step(tmp_path: Path) -> None:
    with moved_centre(tmp_path) as world:
        operator = world.staff("operator", "operator", phone=False)
        home = world.centre.home()
        world.centre.post(f"/homes/{home}/residents", {"name": "王秀兰"})
        world.contact(home, "daughter")
        world.contact(home, "neighbour", consents=False)
        with world.watching(operator), world.button(world.device(home)) as device:
            incident = world.press(device)
            world.call("daughter", "王秀兰")
            world.act(operator, incident["id"], "acknowledge")
            world.wait(APART_SECONDS)
            heard = world.call("daughter", "王秀兰")
            for act, body in (("dispatch", {"responder_name": "小陈"}), ("on-scene", {}), ("resolve", {})):
                world.act(operator, incident["id"], act, **body)
                world.wait(APART_SECONDS)
                following = world.call("daughter", "王秀兰")
                assert following.text != heard.text
                heard = following
            world.act(operator, incident["id"], "close", reason="real_assisted")
            world.wait(APART_SECONDS)
            world.call("daughter", "王秀兰")
            assert world.phones.to("neighbour") == []
