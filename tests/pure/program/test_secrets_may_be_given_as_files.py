"""Any secret setting `YINLING_X` may be the path of a file in `YINLING_X_FILE`; what is wrong with the file is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.config import Settings, secret_names
from core.setting_files import MOST_BYTES
from yinling.environment import read_settings
from yinling.errors import CannotStartError

GOOD_VALUES = {
    "broker_issuer_seed": "SAAGSUJJAO4T5H3JN2QVYZNRGI4GQ6ZGIBZWCU5JRTVOJSCNRVXCP6DYJI",
    "database_url": "postgresql+psycopg://yinling:s3cret@postgres/yinling",
    "fallback_urls": "json://one.example tgram://two",
}


def written(folder: Path, body: str | bytes) -> str:
    path = folder / "secret"
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return str(path)


@pytest.mark.parametrize("name", sorted(secret_names()))
def test_every_secret_is_read_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    value = GOOD_VALUES.get(name, "a-secret-of-tests")
    monkeypatch.setenv(f"YINLING_{name.upper()}_FILE", written(tmp_path, value + "\n"))
    read = getattr(read_settings(), name)
    plain = read.get_secret_value() if isinstance(read, SecretStr) else read
    assert plain == (tuple(value.split()) if name == "fallback_urls" else value)


def test_every_secret_type_counts_as_a_secret() -> None:
    typed = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert typed
    assert typed <= secret_names()
    assert {"database_url", "fallback_urls"} <= secret_names()


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"", "empty"), (b"\n", "empty"), (b"\xff\xfe\x00", "not UTF-8"), (b"x" * (MOST_BYTES + 1), "larger than 64 KiB")],
)
def test_a_file_that_holds_no_secret_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: bytes, says: str) -> None:
    monkeypatch.setenv("YINLING_SMS_SECRET_FILE", written(tmp_path, body))
    with pytest.raises(CannotStartError, match=f"YINLING_SMS_SECRET_FILE.*{says}") as refusal:
        read_settings()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("place", "says"), [("missing", "no such file"), (".", "is a directory")])
def test_a_file_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, says: str) -> None:
    monkeypatch.setenv("YINLING_DATABASE_URL_FILE", str(tmp_path / place))
    with pytest.raises(CannotStartError, match=f"YINLING_DATABASE_URL_FILE names .*{says}"):
        read_settings()


def test_both_forms_at_once_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("YINLING_BROKER_PASSWORD", "in-the-environment")
    monkeypatch.setenv("YINLING_BROKER_PASSWORD_FILE", written(tmp_path, "in-the-file"))
    with pytest.raises(CannotStartError, match="both set") as refusal:
        read_settings()
    assert "in-the" not in str(refusal.value)


def test_the_environment_variable_may_be_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Compose gives an empty variable where nothing is set: it counts as unset."""
    monkeypatch.setenv("YINLING_BROKER_PASSWORD_FILE", "")
    assert read_settings().broker_password is None
    monkeypatch.setenv("YINLING_BROKER_PASSWORD", "")
    monkeypatch.setenv("YINLING_BROKER_PASSWORD_FILE", written(tmp_path, "in-the-file"))
    assert read_settings().broker_password == SecretStr("in-the-file")


def test_what_is_no_secret_is_not_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("YINLING_HTTP_PORT_FILE", written(tmp_path, "81"))
    assert read_settings().http_port == 8080
