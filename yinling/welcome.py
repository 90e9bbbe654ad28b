"""The block that `yinling run` prints when everything is ready: where it is, who may sign in, how to try it."""

from __future__ import annotations

import shlex

import orjson
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from core.config import Settings
from yinling import demo
from yinling.ports import Ports, own_address, reachable


def show(settings: Settings, ports: Ports, *, admin_password: str | None, first_sos: demo.FirstSos | None) -> None:
    """Print it to standard output."""
    console = Console(soft_wrap=True, highlight=False)
    host = reachable(settings.host)
    console.print(Panel(_addresses(host, ports, settings), title="银铃已就绪 · Yinling is ready", expand=False))
    if settings.demo:
        console.print(Panel(_sign_ins(), title="演示账号 · Sign-ins of the demonstration", expand=False))
        console.print("几分钟无人接警时,模拟同事会接手 · A simulated colleague takes what nobody took for some minutes.\n")
    if admin_password is not None:
        console.print(
            f"[bold]管理员 · Administrator:[/] admin / [bold]{admin_password}[/]\n"
            "只显示这一次,首次登录须修改。 Shown this once; it must be changed at the first sign-in.\n"
        )
    if first_sos is not None:
        console.print("试按一次紧急呼叫,看它出现在调度台上 · Send an SOS and watch it ring in the console:")
        # Not wrapped and not framed, so that it can be copied.
        console.print(f"\n{sos_command(host, ports.mqtt, first_sos)}\n", style="bold")
    console.print("Ctrl-C 停止 · stops everything.")


def sos_command(host: str, port: int, device: demo.FirstSos) -> str:
    """The command line of an ordinary MQTT client that presses the button of the trial device."""
    event = orjson.dumps({"id": "1", "type": "sos.pressed"}).decode().replace('"1"', '"try-\'"$(date +%s)"\'"', 1)
    words = ["mosquitto_pub", "-h", host, "-p", str(port), "-q", "1", "-i", device.client_id, "-u", device.username]
    return f"{shlex.join([*words, '-P', device.password, '-t', f'{device.topic}/event'])} -m '{event}'"


def _addresses(host: str, ports: Ports, settings: Settings) -> Table:
    pages = own_address(settings, ports.http)
    table = Table.grid(padding=(0, 2))
    table.add_row("调度台与各页面 · Console and pages", f"[bold]{pages}[/]")
    table.add_row("设备 MQTT · Devices", f"{host}:{ports.mqtt}")
    table.add_row("网关 MQTT · Gateways (Zigbee2MQTT)", f"{host}:{ports.gateway}")
    table.add_row("接口文档 · API document", f"{pages}/openapi.json")
    table.add_row("数据 · Data", str(settings.data_dir.resolve()))
    return table


def _sign_ins() -> Table:
    table = Table.grid(padding=(0, 2))
    for account in demo.ACCOUNTS:
        table.add_row(account.role_name, f"[bold]{account.username}[/]", account.password)
    return table
