"""The command line. Each command imports what it needs when it runs, so that `--help` answers at once.

What a person has to set right first ends the program with one sentence and exit code 2; Ctrl-C ends it quietly.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from yinling.commands.backtest import backtest_rule
from yinling.commands.certs import certs_app
from yinling.commands.grafana import grafana_app
from yinling.commands.rules import rules_app
from yinling.commands.timeseries import timeseries_app
from yinling.errors import COULD_NOT_START, CannotStartError
from yinling.guard import follow_supervisor

app = typer.Typer(
    name="yinling",
    help="Yinling (银铃): from a press in an elder's home to a person in the dispatch centre, and proof that nothing was lost.",
    epilog="Settings are environment variables named YINLING_…; docs/settings.md lists them all.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
user_app = typer.Typer(help="People who may sign in.", no_args_is_help=True)
app.add_typer(user_app, name="user")
rules_app.command("backtest")(backtest_rule)
app.add_typer(rules_app, name="rules")
app.add_typer(timeseries_app, name="timeseries")
app.add_typer(certs_app, name="certs")
app.add_typer(grafana_app, name="grafana")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="D", help="Folder of everything that survives (YINLING_DATA_DIR).")
]
Host = Annotated[str | None, typer.Option("--host", metavar="H", help="Address to listen on (YINLING_HOST).")]
HttpPort = Annotated[
    int | None, typer.Option("--http-port", metavar="N", help="Port of the pages and the API; 0 takes a free one.")
]
MqttPort = Annotated[int | None, typer.Option("--mqtt-port", metavar="N", help="Port devices speak MQTT to; 0 takes a free one.")]
GatewayPort = Annotated[
    int | None, typer.Option("--gateway-port", metavar="N", help="Port gateways speak MQTT to; 0 takes a free one.")
]


@app.command()
def run(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Fill the centre with simulated homes and sign-ins.")] = False,
    data_dir: DataDir = None,
    host: Host = None,
    http_port: HttpPort = None,
    mqtt_port: MqttPort = None,
    gateway_port: GatewayPort = None,
) -> None:
    """Start a whole centre and watch its processes until Ctrl-C."""
    from yinling.commands.run import run_centre

    run_centre(demo=demo or None, data_dir=data_dir, host=host, http_port=http_port, mqtt_port=mqtt_port, gateway_port=gateway_port)


@app.command()
def broker(
    *,
    ingest_only: Annotated[
        bool,
        typer.Option("--ingest-only", help="Let no device in and use the disk's reserve, so that ingest can drain a full store."),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Start the broker alone: writes its configuration and becomes nats-server."""
    from yinling.commands.processes import start_broker

    start_broker(data_dir, ingest_only=ingest_only)


@app.command("repartition")
def repartition_homes(
    partitions: Annotated[int, typer.Argument(help="The new number of partitions.")], *, data_dir: DataDir = None
) -> None:
    """Change the number of partitions, once the broker (started with --ingest-only) holds nothing for the workers."""
    from yinling.commands.repartition import repartition

    repartition(partitions, data_dir)


@app.command()
def ingest(
    *,
    partition: Annotated[
        str,
        typer.Option(
            "--partition",
            metavar="i/P",
            help="Which of how many workers this is, such as 0/1 (any/P: whichever has none); without /P as the settings say.",
        ),
    ] = "0/1",
    data_dir: DataDir = None,
) -> None:
    """Start one ingest worker: everything its homes' devices say goes through it."""
    from yinling.commands.processes import start_ingest

    start_ingest(partition, data_dir)


@app.command()
def pager(*, data_dir: DataDir = None) -> None:
    """Start the pager: clocks of incidents, pages to people, the probe."""
    from yinling.commands.processes import start_pager

    start_pager(data_dir)


@app.command()
def api(*, data_dir: DataDir = None, host: Host = None, http_port: HttpPort = None) -> None:
    """Start the API and the pages."""
    from yinling.commands.processes import start_api

    start_api(data_dir, host, http_port)


@app.command()
def simulate(
    *,
    homes: Annotated[int, typer.Option("--homes", metavar="N", min=1, max=2000, help="How many homes live their day.")] = 200,
    rate: Annotated[float, typer.Option("--rate", metavar="R", min=0.1, max=100, help="How many times faster than life.")] = 1.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress display.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Let simulated homes live a believable day against a running centre, which gets them (h0001, …) where they are missing."""
    from yinling.commands.simulate import simulate_homes

    simulate_homes(homes=homes, rate=rate, quiet=quiet, data_dir=data_dir)


@app.command("fill-past", hidden=True)
def fill_past(*, data_dir: DataDir = None) -> None:
    """Fill in the demonstration centre's past week, then end."""
    from yinling.commands.simulate import fill_past_week

    fill_past_week(data_dir)


@user_app.command("add")
def user_add(
    username: Annotated[str, typer.Argument(help="Name to sign in with.")],
    *,
    role: Annotated[
        str, typer.Option("--role", help="administrator, supervisor, operator, installer, responder, doctor or family.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="The person's name; the sign-in name when left out.")] = None,
    area: Annotated[
        list[str] | None, typer.Option("--area", help="Code of an area the person is limited to; may be repeated.")
    ] = None,
    home: Annotated[
        list[str] | None, typer.Option("--home", help="Code of a home the person is limited to; may be repeated.")
    ] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="The person's phone.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Add a person. Asks for the password, or makes one up when there is nobody to ask."""
    from yinling.commands.user import add_user

    add_user(
        username,
        role=role,
        name=name,
        areas=area or [],
        homes=home or [],
        phone=phone,
        password_stdin=password_stdin,
        data_dir=data_dir,
    )


@app.command()
def migrate(
    *,
    reader_token: Annotated[
        Path | None,
        typer.Option("--reader-token", metavar="FILE", help="Keep a token there that only reads the readings, for dashboards."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Bring the tables up to date and make the first administrator; safe at any time, and done by `run` itself."""
    from yinling.commands.processes import migrate_tables

    migrate_tables(data_dir, reader_token)


@app.command()
def setup(
    *,
    secrets: Annotated[Path, typer.Option("--secrets", metavar="D", help="Folder with one folder for each container.")] = Path(
        "/secrets"
    ),
    volumes: Annotated[
        Path, typer.Option("--volumes", metavar="D", help="Folder of the volumes that belong to other containers.")
    ] = Path("/volumes"),
    data_dir: DataDir = None,
) -> None:
    """Make what the containers of docker-compose.yml need before they start: secrets, certificates, the broker's configuration."""
    from yinling.commands.setup import set_up_containers

    set_up_containers(secrets, volumes, data_dir)


@app.command()
def health(
    process: Annotated[str, typer.Argument(help="api, pager, ingest-0 and so on; ingest: this machine's, also a spare.")],
    *,
    data_dir: DataDir = None,
) -> None:
    """Say whether one running process is well; exit code 1 when it is not."""
    from yinling.commands.health import ask_health

    raise typer.Exit(ask_health(process, data_dir))


@app.command()
def doctor(*, data_dir: DataDir = None) -> None:
    """Check ports, disk, clock, broker, stores and pages, and say what to do."""
    from yinling.commands.doctor import examine

    raise typer.Exit(examine(data_dir))


@app.command()
def sheet(
    *,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="D", help="Write there, and remove nothing; YINLING_SHEET_FOLDER when left out."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print what to work from when the console is down: open incidents and the residents most at risk, as HTML and PDF."""
    from yinling.commands.sheet import print_sheet

    print_sheet(data_dir, folder)


@app.command()
def backup(
    into: Annotated[Path, typer.Argument(help="Folder that gets the backup, as a folder of its own named by the time.")],
    *,
    keep: Annotated[
        int | None,
        typer.Option("--keep", metavar="N", min=1, help="Keep the newest N and remove older ones; all are kept when left out."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Back up the whole centre while it runs: both stores, the broker's streams, keys and spool, with checksums."""
    from yinling.commands.backup import back_up

    back_up(into, kept=keep, data_dir=data_dir)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A backup, such as yinling-20261129-020000.")],
    *,
    check: Annotated[bool, typer.Option("--check", help="Only look whether the backup is whole.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring a backup back into an empty data folder and an empty store, and compare it with what it was."""
    from yinling.commands.backup import bring_back

    bring_back(folder, check=check, data_dir=data_dir)


@app.command()
def openapi(
    *,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write there instead of standard output.")] = None,
) -> None:
    """Print the OpenAPI document of the HTTP interface."""
    from yinling.commands.openapi import print_openapi

    print_openapi(output)


def main() -> None:
    """The console script."""
    follow_supervisor()
    try:
        app()
    except CannotStartError as error:
        typer.echo(f"yinling: {error}", err=True)
        sys.exit(COULD_NOT_START)
    except KeyboardInterrupt:
        sys.exit(130)
