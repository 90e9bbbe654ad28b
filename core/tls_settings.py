"""The settings of TLS: what Yinling shows, whom it trusts, and what may go without. A part of `core.config.Settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode

from core.transport import Link

FixedPort = Annotated[int, Field(ge=1, le=65535)]


class TlsSettings(BaseSettings):
    """Certificates, authorities, and the ports that exist only with them."""

    mqtt_websocket_port: FixedPort | None = Field(
        None, description="Port devices speak MQTT over WebSocket to; not opened when unset."
    )
    certificate_port: FixedPort | None = Field(
        None, description="Port devices that have a certificate instead of a secret speak MQTT to; not opened when unset."
    )
    tls_certificate: Path | None = Field(
        None,
        description="Certificate with its chain (PEM) that the broker, the gateway port and the pages show; makes them speak TLS.",
    )
    tls_key: Path | None = Field(
        None, validate_default=True, description="Private key (PEM, without a password) of that certificate."
    )
    tls_authority: Path | None = Field(
        None,
        description="Authority (PEM) trusted where Yinling connects: broker, database, InfluxDB, Grafana; the system's when unset.",
    )
    certificates_dir: Path | None = Field(
        None, description="Where `yinling certs` keeps its authorities and what they issued; `certs` in the data folder when unset."
    )
    certificate_warning_days: Annotated[int, Field(ge=8)] = Field(
        30, description="A certificate that ends within this is an incident of the system, and a grave one in its last 7 days."
    )
    plain_links: Annotated[tuple[Link, ...], NoDecode] = Field(
        (),
        description="What may go without TLS even off loopback, by spaces: http, mqtt, gateway, nats, database, influx, grafana.",
    )

    @field_validator("plain_links", mode="before")
    @classmethod
    def _split_links(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("tls_key")
    @classmethod
    def _certificate_has_its_key(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (info.data.get("tls_certificate") is None) != (value is None):
            raise ValueError("YINLING_TLS_CERTIFICATE and YINLING_TLS_KEY are set together or not at all")
        return value
