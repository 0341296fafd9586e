"""The Bicep files are whole, secure by default, and give the app what it needs and no more."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from integrations.settings import PREFIX, Settings
from tests.infra import bicep
from tests.infra.bicep import FOLDER, MODULES, names, parsed, resources, the_only
from tests.infra.reference import AZURE_ROLES
from tests.project.sources import ROOT
from tests.support.functions import indexed

by_module = pytest.mark.parametrize("module", MODULES)
TEXTS = {module: (FOLDER / f"{module}.bicep").read_text("utf-8") for module in MODULES}
# Functions and namespaces of the language itself.
LANGUAGE = {
    *("any", "array", "cidrSubnet", "empty", "environment", "guid", "replace", "resourceId"),
    *("subscription", "subscriptionResourceId", "take", "tenant", "toLower", "union"),
    "uniqueString",
}
MODULE_OUTPUT = re.compile(r"\b(\w+)\.\??outputs\.\??(\w+)")
SETTING = re.compile(r"%([^%]+)%")


# --- whole ------------------------------------------------------------------------------------


@by_module
def test_every_name_is_declared_and_every_declared_name_used(module: str) -> None:
    found = names(module)
    assert not found.has_error
    assert found.used - found.declared == set()
    assert found.called - LANGUAGE == set()
    values = {*parsed(module).get("parameters", {}), *parsed(module).get("variables", {})}
    assert values - found.used == set()


@by_module
def test_every_parameter_says_what_it_is_for(module: str) -> None:
    silent = [
        name
        for name, parameter in parsed(module).get("parameters", {}).items()
        if not any(d["type"] == "description" and d["argument"] for d in parameter["decorators"])
    ]
    assert silent == []


def test_every_module_gets_what_it_asks_for_and_nothing_else() -> None:
    used = set()
    for user, module, given in bicep.calls():
        used.add(module)
        parameters = parsed(module)["parameters"]
        required = {n for n, p in parameters.items() if p["default"] is None}
        assert required <= given.keys() <= parameters.keys(), f"{user} -> {module}"
    assert used == set(MODULES) - {"main"}


def test_every_output_of_a_module_that_is_asked_for_exists() -> None:
    known = {
        name: parsed(found["detail"]["path"].removesuffix(".bicep")).get("outputs", {})
        for name, found in parsed("main")["modules"].items()
    }
    asked = set(MODULE_OUTPUT.findall(TEXTS["main"]))
    assert {(m, o) for m, o in asked if o not in known[m]} == set()
    assert {m: set(found) for m, found in known.items()} == {
        m: {o for by, o in asked if by == m} for m in known
    }


def test_the_parameter_file_gives_every_required_parameter_and_none_unknown() -> None:
    given = json.loads((FOLDER / "main.parameters.json").read_text())["parameters"]
    parameters = parsed("main")["parameters"]
    required = {name for name, p in parameters.items() if p["default"] is None}
    assert required <= given.keys() <= parameters.keys()
    for name, value in given.items():
        variable = re.fullmatch(r"\$\{([A-Z_]+)(?:=(.*))?\}", value["value"])
        assert variable is not None, name
        has_default = parameters[name]["default"] is not None
        assert (variable[2] is not None) == has_default, name
        if has_default:
            assert variable[2] == _word(parameters[name]["default"]), name


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_azd_finds_the_app_by_its_tag_and_the_hooks_it_runs() -> None:
    project = yaml.safe_load((ROOT / "azure.yaml").read_text())
    [service] = project["services"]
    tags = the_only("Microsoft.Web/sites").body["tags"]
    assert bicep.merged(tags)["'azd-service-name'"] == service
    assert (ROOT / project["infra"]["path"] / f"{project['infra']['module']}.bicep").is_file()
    for hook in project["hooks"].values():
        script = ROOT / hook["run"]
        assert script.stat().st_mode & 0o111, hook
        assert script.read_text().startswith("#!/bin/sh\n")


# --- secure by default ------------------------------------------------------------------------


def test_no_key_and_no_password_is_asked_for_made_or_handed_on() -> None:
    for module, text in TEXTS.items():
        assert re.findall(r"list(?:Keys|AccountSas|Secrets)|@secure|InstrumentationKey", text) == []
        given = {*parsed(module).get("parameters", {}), *parsed(module).get("outputs", {})}
        assert [
            n for n in given if re.search(r"password|secret|key\b|token", n, re.IGNORECASE)
        ] == [], module
    settings = _settings()
    assert [n for n, v in settings.items() if "AccountKey" in str(v)] == []
    secrets = {PREFIX + n.upper() for n in Settings.model_fields if _is_secret(n)}
    # The address of the store holds no password: the server knows none.
    for name in secrets & settings.keys() - {"TANDEM_STORE_URL", "TANDEM_TELEMETRY_CONNECTION"}:
        assert str(settings[name]).startswith("@Microsoft.KeyVault(SecretUri="), name
    assert re.match(r"postgresql://[^:@]+@", str(settings["TANDEM_STORE_URL"]))


def _is_secret(name: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[name].annotation)


def test_storage_knows_no_shared_keys_and_shows_nothing_to_the_public() -> None:
    account = the_only("Microsoft.Storage/storageAccounts").properties
    assert account["allowSharedKeyAccess"] is False
    assert account["allowBlobPublicAccess"] is False
    assert account["minimumTlsVersion"] == "TLS1_2"
    assert account["supportsHttpsTrafficOnly"] is True
    container = the_only("Microsoft.Storage/storageAccounts/blobServices/containers").properties
    assert container["publicAccess"] == "None"


def test_the_store_knows_people_and_identities_of_the_directory_only() -> None:
    sign_in = the_only("Microsoft.DBforPostgreSQL/flexibleServers").properties["authConfig"]
    assert sign_in["activeDirectoryAuth"] == "Enabled"
    assert sign_in["passwordAuth"] == "Disabled"
    values = {
        c.body["name"]: c.properties["value"]
        for c in resources("Microsoft.DBforPostgreSQL/flexibleServers/configurations")
    }
    assert values == {"require_secure_transport": "on", "ssl_min_protocol_version": "TLSv1.2"}


def test_a_server_that_was_put_back_is_gone_on_with() -> None:
    """Its name alone is given: the app's settings and what operators connect to follow it."""
    [given] = [p for _, module, p in bicep.calls() if module == "store"]
    chosen = given["name"]["operator"]["operands"]
    assert (chosen["true_value"], chosen["false_value"]) == ("psql-${suffix}", "storeName")
    assert "empty" in json.dumps(chosen["condition"])
    assert "store.outputs.host" in _settings()["TANDEM_STORE_URL"]
    assert "output STORE_HOST string = store.outputs.host\n" in TEXTS["main"]


def test_the_vault_goes_by_roles_and_forgets_nothing_at_once() -> None:
    vault = the_only("Microsoft.KeyVault/vaults").properties
    assert vault["enableRbacAuthorization"] is True
    assert vault["enablePurgeProtection"] is True
    assert "accessPolicies" not in vault


def test_the_app_takes_https_from_tls_12_on_and_no_publishing_password() -> None:
    app = the_only("Microsoft.Web/sites").properties
    assert app["httpsOnly"] is True
    assert app["siteConfig"]["minTlsVersion"] == app["siteConfig"]["scmMinTlsVersion"] == "1.2"
    assert app["siteConfig"]["ftpsState"] == "Disabled"
    policies = the_only("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert policies.properties["allow"] is False
    assert "for way in ['ftp', 'scm']" in TEXTS[policies.module]


def test_telemetry_is_taken_from_signed_in_senders_only() -> None:
    insights = the_only("Microsoft.Insights/components").properties
    workspace = the_only("Microsoft.OperationalInsights/workspaces").properties
    assert insights["DisableLocalAuth"] is True
    assert workspace["features"]["disableLocalAuth"] is True


def test_private_networking_closes_every_public_door_but_the_pages() -> None:
    closed = {}
    for resource in resources():
        found = resource.properties.get("publicNetworkAccess")
        if found is None:
            found = resource.properties.get("network", {}).get("publicNetworkAccess")
        if isinstance(found, Mapping):
            condition = found["operator"]["operands"]
            assert condition["condition"] == "privateNetworking"
            closed[resource.type] = condition["true_value"].lower()
    assert closed == dict.fromkeys(
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            "Microsoft.KeyVault/vaults",
            "Microsoft.Storage/storageAccounts",
        ),
        "disabled",
    )
    reached = {e["group"] for e in parsed("network")["variables"]["endpoints"]["value"]}
    assert reached == {"blob", "queue", "table", "vault", "postgresqlServer"}
    rule = parsed("store")["resources"]["fromAzure"]["config"]
    assert "privateNetworking" in json.dumps(rule["condition"])


# --- roles ------------------------------------------------------------------------------------


def test_roles_are_granted_in_one_file_on_single_resources_to_two_principals() -> None:
    granted = resources("Microsoft.Authorization/roleAssignments")
    assert {grant.module for grant in granted} == {"rbac"}
    assert {grant.body["scope"] for grant in granted} == {"storage", "vault", "insights"}
    assert {grant.properties["principalId"] for grant in granted} == {
        "identityPrincipalId",
        "operatorId",
    }


def test_the_app_has_the_roles_its_code_needs_and_no_other() -> None:
    """Host: blobs, queues, tables. Wake-ups: queues. Keys: reading. Telemetry: publishing."""
    text = TEXTS["rbac"]
    said = re.findall(r"// ([A-Z][A-Za-z ]+):[^\n]*\nvar (\w+) = '([0-9a-f-]{36})'", text)
    assert len(said) == len(re.findall(r"^var \w+ = '[0-9a-f-]{36}'$", text, re.MULTILINE))
    assert {name: id_ for name, _, id_ in said} == AZURE_ROLES
    by_variable = {variable: name for name, variable, _ in said}
    granted: dict[str, set[str]] = {"identityPrincipalId": set(), "operatorId": set()}
    for block in re.split(r"\nresource ", text)[1:]:
        used = {
            by_variable[v] for v in by_variable if re.search(rf"\b{v}\b", block.split("\nvar")[0])
        }
        whose = re.search(r"principalId: (\w+)", block)
        if whose:
            granted[whose[1]] |= used
    assert granted == {
        "identityPrincipalId": {
            "Storage Blob Data Owner",
            "Storage Queue Data Contributor",
            "Storage Table Data Contributor",
            "Key Vault Secrets User",
            "Monitoring Metrics Publisher",
        },
        "operatorId": {"Key Vault Secrets Officer"},
    }


# --- the app ----------------------------------------------------------------------------------


def _settings() -> dict[str, Any]:
    """Every app setting that is deployed, by name."""
    own = bicep.merged(the_only("Microsoft.Web/sites/config").properties)
    [given] = [p for _, module, p in bicep.calls() if module == "app"]
    return own | bicep.merged(given["settings"])


def test_settings_that_are_deployed_are_known_and_make_an_installation() -> None:
    """As they stand, with ids and hosts in the place of expressions."""
    examples = {
        "TANDEM_CLIENT_ID": "11111111-1111-1111-1111-111111111111",
        "TANDEM_TENANT_ID": "22222222-2222-2222-2222-222222222222",
        "TANDEM_MANAGED_IDENTITY": "33333333-3333-3333-3333-333333333333",
        "TANDEM_PROGRAM_MAILBOXES": "mentoring@firm.example",
        "TANDEM_OUTSIDE_MAILBOX": "partner@firm.example",
        "TANDEM_ZONE": parsed("main")["parameters"]["zone"]["default"],
        "TANDEM_READ_ONLY": parsed("main")["parameters"]["readOnly"]["default"],
        "TANDEM_WEBHOOKS": parsed("main")["parameters"]["webhooks"]["default"],
        "TANDEM_QUEUE_ACCOUNT_URL": "https://st.queue.core.windows.net/",
        "TANDEM_SIGNING_KEYS": "k" * 64,
        "TANDEM_TELEMETRY_CONNECTION": "InstrumentationKey=0;IngestionEndpoint=https://x.example",
    }
    environ = {"WEBSITE_INSTANCE_ID": "an instance in Azure"}
    for name, value in _settings().items():
        if name.startswith(PREFIX):
            filled = re.sub(r"\$\{[^}]+\}", "x.example", value) if isinstance(value, str) else None
            environ[name] = examples.get(name, filled or "")
            assert environ[name], name
    settings = Settings.from_environ(environ)
    settings.require_tenant()
    assert settings.read_only, "a first deployment writes nothing"
    assert settings.credential == "federated"
    assert settings.store_sign_in == "managed_identity"
    assert "sslmode=verify-full" in settings.store_url.get_secret_value()


def test_every_setting_in_a_binding_is_deployed_with_the_default_of_the_code() -> None:
    """The host does not know our defaults and refuses a function whose %SETTING% is not set."""
    flat = [binding for function in indexed().values() for binding in function.bindings]
    deployed = _settings()
    wanted = set(SETTING.findall(json.dumps(flat)))
    assert wanted
    for name in wanted:
        field = name.removeprefix(PREFIX).lower()
        assert deployed.get(name) == Settings.model_fields[field].default, name
    for connection in {b["connection"] for b in flat if "connection" in b}:
        assert {
            f"{connection}__queueServiceUri",
            f"{connection}__blobServiceUri",
        } <= deployed.keys()
        assert deployed[f"{connection}__credential"] == "managedidentity"
        assert connection not in deployed, "a connection string has a key in it"


def test_app_settings_of_the_host_are_those_of_the_settings_page() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text("utf-8")
    section = page.partition("## The function app's")[2].partition("\n## ")[0]
    of_host = {name for name in _settings() if not name.startswith(PREFIX)}
    named = set(re.findall(r"`(\w+)`", section))
    assert len(of_host) >= 7
    assert {
        n for n in of_host if n not in named and f"__{n.partition('__')[2]}" not in named
    } == set()


def test_the_queues_that_are_made_are_those_the_functions_read() -> None:
    flat = [b for f in indexed().values() for b in f.bindings if b["type"] == "queueTrigger"]
    name = Settings.model_fields["work_queue"].default
    read = {b["queueName"].replace("%TANDEM_WORK_QUEUE%", name) for b in flat}
    assert parsed("storage")["variables"]["workQueue"]["value"] == name
    assert "for queue in [workQueue, '${workQueue}-poison']" in TEXTS["storage"]
    assert read == {name, f"{name}-poison"}


def test_the_app_runs_a_python_that_tandem_supports_and_is_always_ready_for_graph() -> None:
    shape = the_only("Microsoft.Web/sites").properties["functionAppConfig"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    least, most = re.findall(r"3\.(\d+)", project["requires-python"])
    assert int(least) <= int(shape["runtime"]["version"].removeprefix("3.")) < int(most)
    ready = {
        each["name"]: each["instanceCount"] for each in shape["scaleAndConcurrency"]["alwaysReady"]
    }
    assert ready == {"http": 1}
    storage = shape["deployment"]["storage"]["authentication"]
    assert storage["type"] == "UserAssignedIdentity"


def test_all_instances_together_stay_below_what_the_smallest_server_takes() -> None:
    """Standard_B2s takes 429 connections, 15 of them for the service itself."""
    parameters = parsed("main")["parameters"]
    assert parameters["storeSku"]["default"] == "Standard_B2s"
    assert parameters["maximumInstances"]["default"] * 5 <= 429 - 15
