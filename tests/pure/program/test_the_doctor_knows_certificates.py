"""What the doctor says of a centre's certificates, on its own folder of them: soon over, over, of another name, unreadable."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.certificates import Certificates, now

from core.certificate_folder import AUTHORITY
from core.certificates import Kind
from core.config import Settings
from yinling.doctor.certificates import check_certificates, check_links
from yinling.doctor.finding import Finding, Verdict

HOST = "centre.county.test"


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path / "certs")


def settings(certificates: Certificates, server: str = "server", **more: object) -> Settings:
    folder = certificates.folder
    shown = {"tls_certificate": folder.path(server), "tls_key": folder.key_path(server)}
    return Settings(**{**certificates.settings, **shown, **more})


def found(of: Settings, what: str) -> Finding:
    """What is said of one thing; anything else is not bad."""
    findings = list(check_certificates(of))
    others = [each for each in findings if each.what != what]
    assert [each for each in others if each.verdict is Verdict.BAD] == []
    [finding] = [each for each in findings if each.what == what]
    return finding


@pytest.mark.parametrize(
    ("days_left", "verdict", "says"),
    [
        (40, Verdict.GOOD, "in 40 days"),
        (31, Verdict.GOOD, "in 31 days"),
        (30, Verdict.ODD, "in 30 days; `yinling certs renew`"),
        (8, Verdict.ODD, "in 8 days; `yinling certs renew`"),
        (7, Verdict.BAD, "in 7 days; `yinling certs renew`"),
        (0, Verdict.BAD, "in 0 days; `yinling certs renew`"),
        (-1, Verdict.BAD, "ended "),
    ],
)
def test_how_long_it_holds(certificates: Certificates, days_left: int, verdict: Verdict, says: str) -> None:
    began = now() - timedelta(days=50) + timedelta(hours=1)
    certificates.folder.issue(Kind.SERVER, "other", began, 50 + days_left, hosts=[HOST])
    finding = found(settings(certificates, "other"), "certificate other")
    assert (finding.verdict, says in finding.says) == (verdict, True), finding


def test_the_authority_is_looked_at_too(certificates: Certificates) -> None:
    assert found(settings(certificates), f"certificate {AUTHORITY}").verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("hosts", "public_host", "is_right"),
    [
        ((HOST,), HOST, True),
        ((HOST,), HOST.upper(), True),
        (("*.county.test",), HOST, True),
        (("10.0.0.3",), "10.0.0.3", True),
        (("other.test", HOST), HOST, True),
        (("other.test",), HOST, False),
        (("*.test",), HOST, False),
        (("10.0.0.3",), "10.0.0.4", False),
    ],
)
def test_the_name_that_devices_are_told(
    certificates: Certificates, hosts: tuple[str, ...], public_host: str, is_right: bool
) -> None:
    certificates.folder.issue(Kind.SERVER, "named", now(), 60, hosts=hosts)
    of = settings(certificates, "named", host="0.0.0.0", public_host=public_host)
    if is_right:
        assert [each for each in check_certificates(of) if each.what == "certificate name"] == []
        return
    finding = found(of, "certificate name")
    assert finding.verdict is Verdict.BAD
    assert f"--host {public_host}" in finding.says


def test_a_centre_that_names_no_host_is_asked_for_none(certificates: Certificates) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        assert [each for each in check_certificates(settings(certificates, host=host)) if each.what == "certificate name"] == []


@pytest.mark.parametrize("spoilt", ["server.pem", "server.key", "authority.pem", "revoked.pem"])
def test_what_cannot_be_read_is_named(certificates: Certificates, spoilt: str) -> None:
    path = certificates.folder.folder / spoilt
    path.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    [finding] = check_certificates(settings(certificates))
    assert (finding.what, finding.verdict) == ("certificate", Verdict.BAD)
    assert str(path) in finding.says


def test_a_key_of_another_certificate_is_named(certificates: Certificates) -> None:
    certificates.folder.issue(Kind.SERVER, "other", now(), 60, hosts=[HOST])
    [finding] = check_certificates(settings(certificates, tls_key=certificates.folder.key_path("other")))
    assert finding.verdict is Verdict.BAD
    assert "server.pem" in finding.says


def test_a_centre_without_certificates_hears_of_its_links_only(tmp_path: Path) -> None:
    of = Settings(data_dir=tmp_path, host="10.0.0.3")
    assert list(check_certificates(of)) == []
    assert {each.verdict for each in check_links(of)} == {Verdict.BAD}
    assert [each.verdict for each in check_links(Settings(data_dir=tmp_path))] == [Verdict.GOOD]
