"""What stands for each image's programs and entry point where there are no images."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from support import postgres
from support.influxd import require_influxd

# What the official image's entry point does on an empty folder; the server it starts meanwhile listens on its socket alone.
_POSTGRES = """
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA" && chmod 700 "$PGDATA"
    initdb $POSTGRES_INITDB_ARGS --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" -D "$PGDATA" >/dev/null
    shift_first=$1; shift
    pg_ctl -D "$PGDATA" -o "$* -c listen_addresses=''" -w start >/dev/null
    createdb --username="$POSTGRES_USER" --no-password --maintenance-db=postgres "$POSTGRES_DB"
    pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
    set -- "$shift_first" "$@"
fi
exec "$@" -c listen_addresses='*'
"""
_INFLUXDB = 'mkdir -p "$INFLUXD_ENGINE_PATH" && exec "$@"'


def entrypoint_of(image: str) -> list[str]:
    """What comes before the command."""
    name = image.partition(":")[0]
    if name == "yinling":
        return ["yinling"]
    if name == "prom/prometheus":
        return ["prometheus"]
    scripts = {"postgres": _POSTGRES, "influxdb": _INFLUXDB, "nats": 'exec "$@"'}
    return ["sh", "-ceu", scripts[name], name]


def programs_of(image: str) -> list[Path]:
    """The folders of its programs, before the system's."""
    if image.startswith("postgres:"):
        found = postgres.programs()
        assert found is not None, "there is no PostgreSQL (Debian: apt-get install postgresql)"
        return [found]
    return [Path(sys.prefix) / "bin"]


def links_of(image: str) -> dict[str, Path]:
    """Programs under other names than this machine's."""
    name = image.partition(":")[0]
    if name == "influxdb":
        return {"influxd": require_influxd()}
    if name in {"nats", "prom/prometheus"}:  # the small tools of these images, which their health checks use
        busybox = shutil.which("busybox")
        assert busybox is not None, "there is no busybox (Debian: apt-get install busybox)"
        return dict.fromkeys(("sh", "nc", "df", "awk", "wget"), Path(busybox))
    return {}
