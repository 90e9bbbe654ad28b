"""`yinling user add`: a person who may sign in, made by whoever may read the data folder."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from pydantic import ValidationError

from core.errors import YinlingError
from core.ids import new_code
from core.messages import text
from people.passwords import hash_password
from people.schemas import UserCreate
from people.users import create_user
from yinling.environment import read_settings
from yinling.errors import CannotStartError


def add_user(
    username: str,
    *,
    role: str,
    name: str | None,
    areas: list[str],
    homes: list[str],
    phone: str | None,
    password_stdin: bool,
    data_dir: Path | None,
) -> None:
    """Add the person and print what they sign in with."""
    from yinling import bootstrap

    settings = read_settings(data_dir=data_dir)
    password, is_made_up = _password(password_stdin=password_stdin)
    fields = {"username": username, "password": password, "name": name or username, "role": role, "areas": areas, "homes": homes}
    try:
        wanted = UserCreate.model_validate({**fields, "phone": phone, "must_change_password": is_made_up})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = f"The {first['loc'][0]} is wrong: {first['msg']}."
        raise CannotStartError(message) from error
    bootstrap.migrate(settings)
    database = bootstrap.open_database(settings)
    hashed = hash_password(wanted.password)
    try:
        with database.transaction() as session:
            create_user(session, wanted, hashed, bootstrap.make_clock().now(), "command line")
    except YinlingError as error:
        message = f"The person was not added: {text(error.code, 'en', error.details)}"
        raise CannotStartError(message) from error
    finally:
        database.close()
    typer.echo(
        f"{username} ({role}) may sign in." + (f" Password, to be changed at the first sign-in: {password}" if is_made_up else "")
    )


def _password(*, password_stdin: bool) -> tuple[str, bool]:
    """The password, and whether it was made up here."""
    if password_stdin:
        return sys.stdin.readline().rstrip("\n"), False
    if sys.stdin.isatty():
        return typer.prompt("Password", hide_input=True, confirmation_prompt=True), False
    return new_code("pw", 12), True
