"""docs/reference/settings.md, host.json and the example of app settings, held to the code."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from integrations.errors import SettingsError
from integrations.settings import PREFIX, Settings
from integrations.settings_table import settings_table
from integrations.workflows.app import Options
from integrations.workflows.rounds import ROUND_LENGTH
from tests.project.sources import ROOT
from tests.support.functions import MOST_DELIVERIES

PAGE = (ROOT / "docs/reference/settings.md").read_text()
HOST = json.loads((ROOT / "host.json").read_text())


def test_the_page_holds_the_table_written_from_the_settings() -> None:
    found = re.search(r"<!-- settings -->\n(.*)<!-- end -->", PAGE, re.DOTALL)
    assert found is not None
    assert found[1] == settings_table(), "write it again: make docs"


def test_the_table_has_a_row_with_a_meaning_for_every_setting() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", settings_table(), re.MULTILINE))
    assert set(rows) == {PREFIX + name.upper() for name in Settings.model_fields}
    assert all(len(meaning) > 10 for meaning in rows.values())


def test_the_page_gives_a_reason_for_every_value_of_host_json() -> None:
    reasons = PAGE.partition("## host.json")[2]
    named = {
        *(HOST.keys() - {"version", "extensions", "logging"}),
        *HOST["extensions"]["http"],
        *HOST["extensions"]["queues"],
        *HOST["logging"]["applicationInsights"],
        "logLevel",
    }
    assert [name for name in sorted(named) if name not in reasons] == []


def test_host_json_agrees_with_what_is_sent_and_claimed() -> None:
    queues = HOST["extensions"]["queues"]
    assert queues["messageEncoding"] == "base64"
    assert queues["maxDequeueCount"] == MOST_DELIVERIES
    hours, minutes, seconds = map(int, HOST["functionTimeout"].split(":"))
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert length > Options().claim_length + ROUND_LENGTH


def test_the_host_logs_no_addresses() -> None:
    insights = HOST["logging"]["applicationInsights"]
    assert insights["enableDependencyTracking"] is False
    assert insights["httpAutoCollectionOptions"]["enableHttpTriggerExtendedInfoCollection"] is False
    levels = HOST["logging"]["logLevel"]
    assert levels["default"] == "Warning"
    assert levels["Microsoft.AspNetCore"] == "None"


def test_the_example_of_app_settings_lacks_only_what_it_leaves_empty() -> None:
    values = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
    filled = {
        **values,
        "TANDEM_TENANT_ID": "firm.example",
        "TANDEM_CLIENT_ID": "c",
        "TANDEM_PROGRAM_MAILBOXES": "a@b.example",
        "TANDEM_CERTIFICATE_FILE": __file__,
    }
    assert {name for name in filled if filled[name] != values[name]} == {
        name for name in values if not values[name]
    }
    settings = Settings.from_environ(filled)
    settings.require_tenant()
    assert settings.queue_connection is not None
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ(values).require_tenant()
    assert {fault.where for fault in caught.value.faults} == {
        "TANDEM_TENANT_ID",
        "TANDEM_CLIENT_ID",
        "TANDEM_PROGRAM_MAILBOXES",
    }
