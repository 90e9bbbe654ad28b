"""The settings of what `yinling grafana` shows in Grafana, and how it gets in there; no other process reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class GrafanaSettings(BaseSettings):
    """Where Grafana is, who signs in, and what it is given."""

    grafana_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Address of the Grafana that `yinling grafana sync` fills; nothing is done when unset.",
    )
    grafana_token: SecretStr | None = Field(
        None, description="Token of a Grafana service account with the role Admin; it cannot make people's accounts."
    )
    grafana_user: str | None = Field(None, description="Server administrator of Grafana, with whom people's accounts can be made.")
    grafana_password: SecretStr | None = Field(None, description="Password of the server administrator of Grafana.")
    grafana_prefix: str = Field(
        "yinling",
        pattern=r"^[a-z][a-z0-9]{0,14}$",
        description="Beginning of every uid, team, sign-in name and tag of ours in Grafana; each centre has its own.",
    )
    grafana_accounts: Literal["none", "centre", "all"] = Field(
        "centre",
        description="Supervisors who get a viewer account in Grafana: none, those of the whole centre, or those of areas too.",
    )
    grafana_influx_url: str | None = Field(
        None, pattern=r"^https?://", description="Address of InfluxDB as Grafana reaches it; `YINLING_INFLUX_URL` when unset."
    )
    grafana_influx_token: SecretStr | None = Field(
        None, description="Token that only reads the buckets of the readings, for Grafana's data source."
    )
    grafana_prometheus_url: str | None = Field(
        None, pattern=r"^https?://", description="Address of the Prometheus that collects `/metrics`, as Grafana reaches it."
    )
    grafana_dashboards: Path | None = Field(
        None, description="Folder of the dashboards' files; `deploy/grafana/dashboards` of the tree Yinling runs from when unset."
    )
