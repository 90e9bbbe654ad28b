"""`yinling certs`: a private authority for a centre that has none, and what it issues. docs/tls.md tells the whole story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.clock import SystemClock
from yinling.errors import CannotStartError

if TYPE_CHECKING:
    from core.certificate_folder import CertificateFolder
    from core.config import Settings

certs_app = typer.Typer(
    help="Certificates of a private authority: for servers, Yinling's processes and devices.", no_args_is_help=True
)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="D", help="Folder of everything that survives (YINLING_DATA_DIR).")
]
_OWN_HOSTS = ("localhost", "127.0.0.1", "::1")
"""Always named, so that a centre's own processes and health checks can verify it on its own machine."""


@certs_app.command("authority")
def make_authorities(
    *,
    name: Annotated[str, typer.Option("--name", help="Name of the centre, as certificates will say it.")] = "Yinling",
    data_dir: DataDir = None,
) -> None:
    """Make the centre's authorities, one for servers and one for devices; what is there already stays."""
    with _folder(data_dir) as (_settings, folder):
        for path in folder.make_authorities(name, SystemClock().now()):
            typer.echo(f"made {path}, its key beside it")
        typer.echo(f"Give {folder.path('authority')} to whatever connects: YINLING_TLS_AUTHORITY, devices, browsers.")


@certs_app.command("server")
def issue_server(
    *,
    host: Annotated[list[str], typer.Option("--host", metavar="H", help="Host name or address it answers to; may be repeated.")],
    name: Annotated[str, typer.Option("--name", help="Name of its files.")] = "server",
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3650, help="How long it holds.")] = 397,
    data_dir: DataDir = None,
) -> None:
    """Issue a certificate for a server: the broker and its nodes, the pages, PostgreSQL, InfluxDB."""
    from core.certificates import Kind

    with _folder(data_dir) as (_settings, folder):
        path = folder.issue(Kind.SERVER, name, SystemClock().now(), days, hosts=[*host, *_OWN_HOSTS])
        typer.echo(f"made {path}")
        typer.echo(f"YINLING_TLS_CERTIFICATE={path.absolute()}")
        typer.echo(f"YINLING_TLS_KEY={folder.key_path(name).absolute()}")
        typer.echo(f"YINLING_TLS_AUTHORITY={folder.path('authority').absolute()}")


@certs_app.command("client")
def issue_client(
    name: Annotated[str, typer.Argument(help="Name of the process or program, and of its files.")],
    *,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3650, help="How long it holds.")] = 397,
    data_dir: DataDir = None,
) -> None:
    """Issue a certificate for a process or program that signs in with one, such as a user of PostgreSQL."""
    from core.certificates import Kind

    with _folder(data_dir) as (_settings, folder):
        typer.echo(f"made {folder.issue(Kind.CLIENT, name, SystemClock().now(), days)}")


@certs_app.command("device")
def certify_device(
    home: Annotated[str, typer.Argument(help="Code of the home it hangs in.")],
    device: Annotated[str, typer.Argument(help="Its code, serial or name.")],
    *,
    request: Annotated[
        Path | None, typer.Option("--request", metavar="FILE", help="Its own signing request (PEM), when it made its key itself.")
    ] = None,
    folder: Annotated[Path, typer.Option("--folder", metavar="D", help="Where CODE.pem and CODE.key are written.")] = Path(),
    data_dir: DataDir = None,
) -> None:
    """Give a device a certificate in the place of its secret or old certificate, which no longer sign in."""
    from yinling.commands.device_certificate import Wanted, give_certificate
    from yinling.environment import read_settings

    give_certificate(read_settings(data_dir=data_dir), Wanted(home, device, request, folder))


@certs_app.command("renew")
def renew(
    names: Annotated[list[str] | None, typer.Argument(help="Which; every one that ends soon when left out.")] = None,
    *,
    data_dir: DataDir = None,
) -> None:
    """Put a new key and certificate in the place of old ones, which are kept aside; running processes take them by themselves."""
    with _folder(data_dir) as (settings, folder):
        now = SystemClock().now()
        chosen = names or [
            kept.path.stem
            for kept in folder.kept()
            if kept.path.stem not in {"authority", "devices"} and kept.described.days_left(now) <= settings.certificate_warning_days
        ]
        for name in chosen:
            typer.echo(f"renewed {folder.renew(name, now)}")
        if not chosen:
            typer.echo(f"Nothing ends within {settings.certificate_warning_days} days.")


@certs_app.command("list")
def list_certificates(*, data_dir: DataDir = None) -> None:
    """List what the authorities issued, with when each ends."""
    with _folder(data_dir) as (_settings, folder):
        now = SystemClock().now()
        for kept in folder.kept():
            one = kept.described
            typer.echo(
                f"{kept.path.stem:<20} {one.kind:<10} ends {one.ends_at:%Y-%m-%d} ({one.days_left(now)} days)"
                f"  {' '.join(one.hosts)}"
            )


@certs_app.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="Which certificate of the list; a device's is revoked on its page instead.")],
    *,
    data_dir: DataDir = None,
) -> None:
    """Take a certificate back after its key was lost: from the next connection on Yinling's processes refuse it."""
    with _folder(data_dir) as (_settings, folder):
        away = folder.revoke(name, SystemClock().now())
        typer.echo(f"{name} is revoked and its files are in {away}; running processes refuse it at their next connection.")


@contextmanager
def _folder(data_dir: Path | None) -> Iterator[tuple[Settings, CertificateFolder]]:
    from core.certificate_folder import CertificateFolder, CertificateFolderError
    from yinling.environment import read_settings

    settings = read_settings(data_dir=data_dir)
    try:
        yield settings, CertificateFolder(settings.certificates_folder)
    except CertificateFolderError as error:
        message = f"{error}."
        raise CannotStartError(message) from error
