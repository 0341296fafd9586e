"""What the host is told about our functions, before any of them runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from starlette.routing import Route

from integrations.settings import Settings
from integrations.web.app import asgi_app
from integrations.workflows.app import App
from tests.support.functions import POISON, WORK, indexed

ROOT = Path(__file__).parents[2]
SETTING = re.compile(r"%([^%]+)%")


def bindings() -> dict[str, list[dict[str, Any]]]:
    """Every function's bindings, as the host reads them."""
    return {name: list(function.bindings) for name, function in indexed().items()}


def test_the_host_finds_two_routes_a_warm_up_nine_timers_and_two_queues() -> None:
    queue = {"direction": "IN", "type": "queueTrigger", "name": "message"}
    timer = {"direction": "IN", "type": "timerTrigger", "name": "timer"}
    assert bindings() == {
        "take_hints": [
            {
                "direction": "IN",
                "type": "httpTrigger",
                "name": "req",
                "methods": ["POST"],
                "authLevel": "ANONYMOUS",
                "route": "webhooks/graph",
            },
            {"direction": "OUT", "type": "http", "name": "$return"},
        ],
        "show_pages": [
            {
                "direction": "IN",
                "type": "httpTrigger",
                "name": "req",
                "methods": ["GET", "HEAD", "POST", "PUT"],
                "authLevel": "ANONYMOUS",
                "route": "{*path}",
            },
            {"direction": "OUT", "type": "http", "name": "$return"},
        ],
        "warmup": [{"direction": "IN", "type": "warmupTrigger", "name": "instance"}],
        "plan_and_launch": [{**timer, "schedule": "%TANDEM_PLAN_SCHEDULE%"}],
        "look_for_work": [{**timer, "schedule": "%TANDEM_WORK_SCHEDULE%"}],
        "sweep_mailboxes": [{**timer, "schedule": "%TANDEM_SWEEP_SCHEDULE%"}],
        "watch_calendars": [{**timer, "schedule": "%TANDEM_WATCH_SCHEDULE%"}],
        "check_people": [{**timer, "schedule": "%TANDEM_PEOPLE_SCHEDULE%"}],
        "send_mails": [{**timer, "schedule": "%TANDEM_MAIL_SCHEDULE%"}],
        "renew_subscriptions": [{**timer, "schedule": "%TANDEM_RENEW_SCHEDULE%"}],
        "follow_sessions": [{**timer, "schedule": "%TANDEM_ATTENDANCE_SCHEDULE%"}],
        "send_verdicts": [{**timer, "schedule": "%TANDEM_OUTBOUND_SCHEDULE%"}],
        "do_work": [{**queue, "queueName": WORK, "connection": "AzureWebJobsStorage"}],
        "put_aside": [{**queue, "queueName": POISON, "connection": "AzureWebJobsStorage"}],
    }


async def nowhere() -> App:
    raise AssertionError("routes are listed without an application")


def test_the_host_lets_every_method_through_that_a_route_takes() -> None:
    """One that changes a rule over the API was answered by the host, with 404."""
    routes = [route for route in asgi_app(nowhere).routes if isinstance(route, Route)]
    taken = {method for route in routes for method in route.methods or ()}
    (let_through,) = [b["methods"] for b in bindings()["show_pages"] if "methods" in b]
    assert "PUT" in taken
    assert set(let_through) == taken


def test_every_setting_in_a_binding_is_known_and_in_the_example() -> None:
    """The host refuses a function whose %SETTING% is not set; our defaults are unknown to it."""
    example = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
    flat = [binding for of_function in bindings().values() for binding in of_function]
    names = set(SETTING.findall(json.dumps(flat)))
    assert {b["connection"] for b in flat if "connection" in b} <= example.keys()
    assert names <= example.keys()
    for name in names:
        field = name.removeprefix("TANDEM_").lower()
        assert example[name] == Settings.model_fields[field].default


def test_loading_the_app_opens_nothing_and_reads_no_setting() -> None:
    """The host loads every function to index it, on each instance, whatever the settings are."""
    script = (
        "import asyncio, os, sys, threading, socket\n"
        "def refuse(*_, **__): raise AssertionError('opened while loading')\n"
        "socket.socket.connect = asyncio.new_event_loop = refuse\n"
        "import function_app\n"
        "assert threading.active_count() == 1\n"
        "print(sum(m.startswith('msgraph.') for m in sys.modules), 'simulator' in sys.modules)\n"
        "print(*[m for m in sys.modules if m.startswith(('integrations.web.', 'fastapi'))])"
    )
    wrong = {"TANDEM_STORE_URL": "nonsense://", "TANDEM_WORKERS": "minus one", "TANDEM_NEW": "1"}
    loaded = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=ROOT,
        env=wrong,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    counted, web = loaded.stdout.splitlines()
    modules, has_simulator = counted.split()
    assert has_simulator == "False"
    assert int(modules) < 200, "of msgraph's 20,000 modules only those used are loaded"
    assert web == "", "timers and queues run on instances that answer nobody over HTTP"
