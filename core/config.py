"""Every setting of a Yinling process, read from `YINLING_*` environment variables.

The command line sets the same names before the processes start, so one page (`docs/settings.md`) holds them all; a
test compares that page with this class. A wrong value stops the program with one clear sentence. Secrets may be given as files
(`core.setting_files`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from core.addresses import HIGHEST_PORT, split_address
from core.database_settings import DatabaseSettings
from core.grafana_settings import GrafanaSettings
from core.setting_files import SecretFiles
from core.tls_settings import TlsSettings
from core.transport import Transport, with_verified_tls

Port = Annotated[int, Field(ge=0, le=HIGHEST_PORT)]
Seconds = Annotated[float, Field(gt=0)]
Addresses = Annotated[tuple[str, ...], NoDecode]
"""host:port, host:port, …"""


PREFIX = "YINLING_"

_ADDRESSES_WITH_SECRETS = frozenset({"database_url", "fallback_urls", "second_centre_url", "heartbeat_url"})
"""Addresses that hold a password or a token."""


class Settings(TlsSettings, DatabaseSettings, GrafanaSettings):
    """The settings of one centre. Ports of 0 mean "any free one on loopback"."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    data_dir: Path = Field(Path("data"), description="Folder of everything that survives: databases, broker store, keys, spool.")
    host: str = Field("127.0.0.1", description="Address the pages, the broker and the gateway port listen on.")
    http_port: Port = Field(8080, description="Port of the pages and the API.")
    mqtt_port: Port = Field(1883, description="Port devices speak MQTT to.")
    gateway_port: Port = Field(1884, description="Port gateways (Zigbee2MQTT and the like) speak MQTT to.")
    public_host: str | None = Field(None, description="Host name told to devices at provisioning; the listening host when unset.")
    nats_host: str = Field("127.0.0.1", description="Where the broker's own client port is reached by Yinling's processes.")
    nats_port: Port = Field(4222, description="The broker's own client port; `yinling run` picks a free one unless it is set.")
    nats_monitor_port: Port = Field(
        8222, description="The broker's monitoring port on loopback; `yinling run` picks a free one unless it is set."
    )
    nats_servers: Addresses = Field(
        (),
        description="Client addresses (host:port) of every broker node, separated by spaces; this machine's alone when unset.",
    )
    nats_mqtt_servers: Addresses = Field(
        (),
        description="MQTT addresses (host:port) of every broker node, separated by spaces; this machine's alone when unset.",
    )
    nats_node: str = Field(
        "yinling",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name of this machine's broker; each node of a cluster has its own.",
    )
    nats_cluster_routes: Addresses = Field(
        (),
        description="Cluster addresses (host:port) of every broker node, separated by spaces; this broker stands alone when unset.",
    )
    nats_cluster_host: str | None = Field(
        None, description="Address the broker listens on for the other nodes; that of its client port when unset."
    )
    nats_cluster_port: Port = Field(6222, description="Port the broker listens on for the other nodes.")
    nats_route_password: SecretStr | None = Field(
        None, description="Password the nodes know each other by; derived from `YINLING_BROKER_PASSWORD` when unset."
    )
    nats_replicas: Annotated[int, Field(ge=1, le=5)] | None = Field(
        None, description="Nodes that keep each message before it is confirmed; 3 in a cluster, 1 alone, when unset."
    )
    broker_password: SecretStr | None = Field(
        None, description="Password of Yinling's own broker users; made and kept in the data folder when unset."
    )
    broker_issuer_seed: SecretStr | None = Field(
        None, description="Account seed (nkey) that signs device sign-ins; made and kept in the data folder when unset."
    )
    broker_sync_interval_milliseconds: Annotated[int, Field(ge=0)] | None = Field(
        None,
        description="How often the broker's file store is synced; 0 syncs every message; 100 alone, 1000 in a cluster, when unset.",
    )
    broker_ack_wait_seconds: Annotated[int, Field(ge=3, le=5)] = Field(
        4, description="After this long without acknowledgement the broker delivers a message again."
    )
    broker_max_payload_bytes: Annotated[int, Field(ge=1024 * 1024)] = Field(
        8 * 1024 * 1024, description="Largest MQTT payload the broker takes."
    )
    broker_reserve_bytes: Annotated[int, Field(ge=0)] = Field(
        512 * 1024 * 1024,
        description="Disk space the broker's store never takes, so that an ingest-only start can drain a full one.",
    )

    broker_logs: Annotated[tuple[Path, ...], NoDecode] = Field(
        (),
        description="Logs of all broker nodes whose files this machine sees, separated by spaces: a node tells only there what it "
        "refused. That of its own broker when unset.",
    )

    database_url: str | None = Field(
        None, description="SQLAlchemy address of the relational store; a SQLite file in the data folder when unset."
    )
    partitions: Annotated[int, Field(ge=1, le=64)] = Field(1, description="Number of ingest workers the homes are spread over (P).")
    readings_retention_days: Annotated[int, Field(ge=1)] = Field(400, description="Readings older than this are deleted.")
    influx_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Address of InfluxDB 2 for the readings; a SQLite file in the data folder when unset.",
    )
    influx_token: SecretStr | None = Field(
        None, description="Token that may read and write the buckets, and make them and their tasks (`yinling migrate`)."
    )
    influx_org: str = Field("yinling", min_length=1, description="Organisation in InfluxDB.")
    influx_bucket: str = Field(
        "readings", min_length=1, description="Bucket of the readings; `_hourly` and `_daily` beside it hold what is kept longer."
    )
    influx_centre: str = Field(
        "1", pattern=r"^[A-Za-z0-9_-]{1,64}$", description="This centre's name in the readings, where centres share a bucket."
    )
    influx_setup_password: SecretStr | None = Field(
        None,
        min_length=8,
        description="When set, `yinling migrate` sets a new, empty InfluxDB up: user `yinling` with this password, and the token.",
    )
    influx_hourly_retention_days: Annotated[int, Field(ge=1)] = Field(
        1100, description="Lowest, mean and highest value of each hour are kept this long in InfluxDB."
    )
    influx_daily_retention_days: Annotated[int, Field(ge=1)] = Field(
        3700, description="Lowest, mean and highest value of each day are kept this long in InfluxDB."
    )
    signals_retention_days: Annotated[int, Field(ge=8)] = Field(
        120, description="Signals that raised nothing (movement, doors) are kept this long; those of alerts stay."
    )
    spool_max_bytes: Annotated[int, Field(ge=64 * 1024)] = Field(
        256 * 1024 * 1024,
        description="Size of the disk spool for readings the store refuses; beyond it the oldest are dropped, counted.",
    )
    unknown_messages_per_topic: Annotated[int, Field(ge=1)] = Field(
        200, description="Raw messages not understood that are kept for each topic; beyond it only the count grows."
    )
    unknown_retention_days: Annotated[int, Field(ge=1)] = Field(30, description="Messages not understood are kept this long.")
    ingest_queue_messages: Annotated[int, Field(ge=16)] = Field(
        8192, description="Messages held in memory for each lane before the reader waits."
    )
    ingest_batch_messages: Annotated[int, Field(ge=1)] = Field(
        2048, description="Most messages committed and acknowledged at once."
    )
    telemetry_per_device_per_minute: Annotated[int, Field(ge=1)] = Field(
        600, description="Readings messages of one device beyond this in a minute are counted and dropped; alarms never are."
    )

    ring_again_seconds: Seconds = Field(15, description="An incident nobody took rings again after this.")
    fallback_after_seconds: Seconds = Field(
        60, description="A critical or high incident nobody acknowledged is paged to the fallback addresses after this."
    )
    fallback_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Apprise addresses, separated by spaces, that are paged when no operator reacts."
    )
    fallback_deadline_seconds: Seconds = Field(3600, description="A fallback page is retried until this long after it was due.")
    supervisor_after_seconds: Seconds = Field(
        30, description="The supervisors who can be reached are paged after this when nobody took a critical or high incident."
    )
    contacts_after_seconds: Seconds = Field(
        60, description="The resident's contacts are called in their order after this, where calls or text messages are set up."
    )
    second_centre_url: str | None = Field(
        None, description="Web address (signed webhook) or Apprise address of another centre's duty line, the last to be paged."
    )
    second_centre_after_seconds: Seconds = Field(180, description="The second centre is paged after this.")
    claim_expires_seconds: Seconds = Field(
        120, description="An acknowledgement without a next act goes back to the queue after this."
    )
    fall_confirm_seconds: Seconds = Field(20, description="A fall with a wearer's cancel window is confirmed after this.")
    doctor_call_answer_seconds: Seconds = Field(
        10, description="A doctor call nobody answered rings in the centre's queue as overdue after this."
    )
    repeat_window_seconds: Seconds = Field(600, description="The same event id of a device within this is a repeat of one press.")
    restart_grace_seconds: Seconds = Field(180, description="After an outage of our own no device is called silent for this long.")
    seen_flush_seconds: Seconds = Field(5, description="How often the last-seen times of devices are written.")
    probe_interval_seconds: Seconds = Field(60, description="How often a synthetic alarm goes through the whole path.")
    probe_timeout_seconds: Seconds = Field(15, description="A probe that has not arrived after this raises an incident.")
    heartbeat_url: str | None = Field(
        None, description="Address asked (GET) after each good probe, so that an outside watcher hears of our silence."
    )

    public_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Address of the pages as people outside reach them, for links in messages; the listening address when unset.",
    )
    page_link_hours: Annotated[int, Field(ge=1, le=168)] = Field(
        24, description="A link or key to answer a page with ends after this."
    )
    sms_provider: Literal["none", "aliyun", "generic"] = Field("none", description="Who sends text messages.")
    sms_url: str | None = Field(
        None, pattern=r"^https?://", description="Address of the text message provider; Aliyun's own when it is unset."
    )
    sms_key: str | None = Field(None, description="Access key id, or name of the account, at the text message provider.")
    sms_secret: SecretStr | None = Field(None, description="Secret that signs what is sent to the text message provider.")
    sms_sign_name: str | None = Field(None, description="Signature (签名) registered with the text message provider.")
    sms_template: str | None = Field(
        None,
        description="Template code registered with Aliyun; its variables are a page's values; `code_1`, `code_2` end the link.",
    )
    voice_provider: Literal["none", "aliyun", "generic"] = Field("none", description="Who makes telephone calls.")
    voice_url: str | None = Field(
        None, pattern=r"^https?://", description="Address of the telephone provider; Aliyun's own when it is unset."
    )
    voice_key: str | None = Field(None, description="Access key id, or name of the account, at the telephone provider.")
    voice_secret: SecretStr | None = Field(None, description="Secret that signs what is sent to the telephone provider.")
    voice_number: str | None = Field(None, description="Number the person called sees.")
    voice_template: str | None = Field(None, description="Speech template code registered with Aliyun, played first.")
    voice_bye_template: str | None = Field(
        None, description="Speech template code registered with Aliyun, played after a key was pressed."
    )
    callback_secret: SecretStr | None = Field(
        None,
        description="Secret providers prove themselves with when they report receipts and keys; unset, their reports are refused.",
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that signs webhooks (HMAC-SHA256); made and kept in the data folder when unset."
    )
    web_push_private_key: SecretStr | None = Field(
        None, description="VAPID private key (base64url) of web push; made and kept in the data folder when unset."
    )
    web_push_contact: str | None = Field(
        None,
        pattern=r"^(mailto:|https://)",
        description="Whom push services write to when something is wrong; `YINLING_PUBLIC_URL` when unset.",
    )
    web_push_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (
            "fcm.googleapis.com",
            "push.services.mozilla.com",
            "push.apple.com",
            "notify.windows.com",
        ),
        description="Push services browsers may subscribe at, separated by spaces; hosts below them count too.",
    )
    page_test_days: Annotated[int, Field(ge=0, le=366)] = Field(
        0,
        description="Contact points of staff and of families who want alarms told are tested after so many days; 0: only by hand.",
    )
    page_test_window_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        30, description="Time to answer a test page before it counts as unanswered."
    )
    page_test_at: str = Field("10:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of day of scheduled test pages.")
    digest_at: str = Field(
        "20:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of day of the quiet daily message to families who want it."
    )

    sheet_minutes: Annotated[int, Field(ge=0, le=1440)] = Field(
        60, description="How often the sheet to work from without the console is written (HTML and PDF); 0 writes none."
    )
    sheet_folder: Path | None = Field(
        None,
        description="Protected folder of the sheets, best on another machine too; `sheets` in the data folder when unset.",
    )
    sheets_kept: Annotated[int, Field(ge=1)] = Field(48, description="Sheets that are kept; older ones are removed.")

    admin_password: SecretStr | None = Field(
        None, description="Password of the first administrator `admin`; printed once and to be changed when unset."
    )
    session_hours: Annotated[int, Field(ge=1)] = Field(12, description="A sign-in ends after this long without use.")
    sign_in_attempts: Annotated[int, Field(ge=1)] = Field(
        10, description="Failed sign-ins for one name in ten minutes before more are refused; an address gets three times as many."
    )
    cookie_secure: bool = Field(
        default=False, description="Mark the session cookie Secure also where Yinling does not know that the pages go over TLS."
    )
    language: Literal["zh-CN", "en"] = Field(
        "zh-CN", description="Language of texts the centre sends, and of pages before a person chooses."
    )
    timezone: str = Field("Asia/Shanghai", description="The centre's time zone, for days and windows of the day.")

    demo: bool = Field(default=False, description="Fill the centre with simulated homes and sign-ins.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level that is logged.")
    log_json: bool = Field(default=False, description="Log JSON lines instead of readable ones.")

    @field_validator("fallback_urls", "web_push_hosts", "broker_logs", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win, then the environment, then secrets by file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, SecretFiles(settings_cls, PREFIX, secret_names())

    @property
    def transport(self) -> Transport:
        """Which links leave the machine, and which speak TLS."""
        return Transport(
            host=self.host,
            nats_hosts=self._nats_hosts(),
            database_url=self.database_url,
            influx_url=self.influx_url,
            has_certificate=self.tls_certificate is not None,
            plain=self.plain_links,
        )

    def _nats_hosts(self) -> tuple[str, ...]:
        elsewhere = [split_address(address)[0] for address in (*self.nats_servers, *self.nats_cluster_routes)]
        return tuple(dict.fromkeys([self.nats_host, *filter(None, [self.nats_cluster_host]), *elsewhere]))

    @property
    def certificates_folder(self) -> Path:
        """Where `yinling certs` keeps everything."""
        return self.certificates_dir or self.data_dir / "certs"

    @property
    def device_authority(self) -> Path:
        """The authority whose certificates devices may show."""
        return self.certificates_folder / "devices.pem"

    @property
    def secure_cookies(self) -> bool:
        """Whether the session cookie is for TLS only: said so, or because the pages are served over TLS."""
        over_tls = self.transport.speaks_tls("http") or (self.public_url or "").startswith("https://")
        return self.cookie_secure or over_tls

    @field_validator("nats_servers", "nats_mqtt_servers", "nats_cluster_routes", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        addresses = value.split() if isinstance(value, str) else value
        if isinstance(addresses, (list, tuple)):
            for address in addresses:
                split_address(str(address))
            return tuple(addresses)
        return value

    @property
    def is_clustered(self) -> bool:
        """Whether the broker is one node of several."""
        return bool(self.nats_cluster_routes)

    @property
    def relational_url(self) -> str:
        """The address of the relational store, the default filled in; off loopback its certificate is verified."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir.resolve() / 'yinling.db'}"
        return with_verified_tls(self.database_url, self.tls_authority, self.plain_links)

    @property
    def readings_path(self) -> Path:
        """The SQLite file of the readings."""
        return self.data_dir / "readings.db"

    @property
    def sheet_dir(self) -> Path:
        """The folder of the sheets."""
        return self.sheet_folder or self.data_dir / "sheets"

    @property
    def page_address(self) -> str:
        """Where people open links, without a slash at the end."""
        scheme = "https" if self.transport.speaks_tls("http") else "http"
        return (self.public_url or f"{scheme}://{self.public_host or self.host}:{self.http_port}").rstrip("/")

    @property
    def device_host(self) -> str:
        """The host that provisioning tells devices."""
        return self.public_host or self.host


def secret_names() -> frozenset[str]:
    """The settings that hold a secret: they may be given as files, and their values are never shown."""
    typed = {name for name, field in Settings.model_fields.items() if SecretStr in (field.annotation, *get_args(field.annotation))}
    return _ADDRESSES_WITH_SECRETS | typed
