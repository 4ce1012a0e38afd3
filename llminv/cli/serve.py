"""`llminv serve`: the providers at addresses of this machine, for a program in any language.

It prints where they are and what to put into the program's environment, and serves until it is
interrupted: that is how it ends well. What the control endpoint understands stands in
`llminv.simulation.loopback.control`.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from llminv.cli.exit_codes import Exit
from llminv.cli.gateway_configs import printed
from llminv.cli.options import InvariantsOption
from llminv.cli.project import Project
from llminv.cli.screen import Screen, screen_of
from llminv.errors import UsageError
from llminv.evidence.files import read_text
from llminv.handler.adapters import ANY_GATEWAY, GATEWAY, adapter_of
from llminv.scenario import Scenario
from llminv.simulation.loopback.control import ROUTES, Control, ControlProtocol
from llminv.simulation.loopback.reading import read_scenario
from llminv.simulation.loopback.server import LOCALHOST, LoopbackServer, authority
from llminv.simulation.sites import Setting

PORT_MAX = 65_535
# The names of CONFIGS.
ConfigName = Literal["litellm-proxy", "portkey", "generic"]

EPILOG = "\n".join(
    [
        "\b",
        "Control endpoint (HTTP, JSON):",
        *(f"  {route:<20} {text}" for route, text in ROUTES.items()),
        "",
        "\b",
        "A scenario, as --scenario and PUT /scenario take it:",
        '  {"calls": [{"operation": "complete"}],',
        '   "acts": [{"call": 0, "provider": "openai", "then": {"fault": "http_429"}}]}',
        "",
        "\b",
        "A connection that is refused cannot be seen from here, nor counted: a provider that",
        "refuses connections does so until the call ends.",
    ]
)


def serve(
    context: typer.Context,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=PORT_MAX, metavar="N", help="The control endpoint's; the providers' follow. 0: any."
        ),
    ] = 0,
    host: Annotated[
        str, typer.Option(metavar="H", help="The address to listen at; others than this machine's are open.")
    ] = LOCALHOST,
    scenario: Annotated[
        str | None, typer.Option(metavar="FILE", help="Play this scenario (JSON); without, all answer.")
    ] = None,
    invariants: InvariantsOption = None,
    print_config: Annotated[
        ConfigName | None,
        typer.Option(
            metavar="NAME",
            help="Print what a gateway is configured with to be audited (litellm-proxy, portkey or generic), "
            "and serve nothing.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON instead of text.")] = False,
) -> int:
    """Play the providers on this machine, for a program in any language."""
    if print_config is not None:
        project = Project.here(invariants)
        if adapter_of(project.config.handler) is not GATEWAY:
            # As for `run --handler gateway:...`: what comes with the adapter, unless a folder is named.
            project = Project.here(invariants, handler=ANY_GATEWAY)
        setting = project.declarations.promises[0].setting()
        screen_of(context).out(printed(print_config, setting))
        return Exit.FINE
    host = LOCALHOST if host == "localhost" else host
    setting = Project.here(invariants).declarations.promises[0].setting()
    played = _scenario(scenario, setting)
    server = _reserved(setting, host, port)
    try:
        asyncio.run(_serve(server, played, host, port, screen_of(context), as_json=as_json))
    except KeyboardInterrupt:
        pass  # before the loop took over
    finally:
        server.close()
    return Exit.FINE


async def _serve(
    server: LoopbackServer, scenario: Scenario, host: str, port: int, screen: Screen, *, as_json: bool
) -> None:
    """Serve until SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    control = Control(server)
    try:
        listening = await loop.create_server(lambda: ControlProtocol(control), host, port)
    except OSError as error:
        raise _taken(host, port, error) from None
    server.start(scenario)
    control.play(scenario)
    url = f"http://{authority(server.host, listening.sockets[0].getsockname()[1])}"
    summary = {"control": url, **control.summary()}
    screen.out(json.dumps(summary) if as_json else "\n".join(_text(summary)))
    try:
        await ended.wait()
    finally:
        server.stop()
        listening.close()


def _scenario(name: str | None, setting: Setting) -> Scenario:
    """Read the scenario to begin with: one in which everybody answers, unless a file has another."""
    if name is None:
        return read_scenario({"calls": [{"operation": "complete"}]}, setting["providers"])
    text = read_text(Path(name))
    if text is None:
        raise UsageError(f"{name}: no such file", "a scenario is a file of JSON: see `llminv serve --help`")
    try:
        return read_scenario(json.loads(text), setting["providers"])
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{name}: {error}", "`llminv serve --help` shows a scenario, `llminv list faults` the faults"
        ) from None


def _reserved(setting: Setting, host: str, port: int) -> LoopbackServer:
    """Return a server with its ports: any free ones, or those after the control endpoint's."""
    ports = {name: port + number for number, name in enumerate(setting["providers"], 1)} if port else {}
    if port and max(ports.values()) > PORT_MAX:
        raise UsageError(f"--port {port}: the providers' ports would be above {PORT_MAX}")
    try:
        return LoopbackServer(setting, host, ports, requests_max=None)
    except OSError as error:
        raise _taken(host, port, error) from None


def _taken(host: str, port: int, error: OSError) -> UsageError:
    where = f"{host}, ports from {port} on" if port else host
    reason = error.strerror or str(error)
    return UsageError(f"cannot listen at {where}: {reason}", "choose another --port or --host")


# The summary is JSON, hence Any.
def _text(summary: dict[str, Any]) -> Iterator[str]:
    rows = {"control": summary["control"], **summary["providers"]}
    width = max(map(len, rows))
    for name, url in rows.items():
        yield f"{name:<{width}}  {url}"
    yield ""
    for name, value in summary["environment"].items():
        yield f"export {name}={shlex.quote(value)}"
    yield ""
    yield "Serving until Ctrl-C."
