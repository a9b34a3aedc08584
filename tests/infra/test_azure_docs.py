"""docs/azure.md says what the templates and workflows say, and its sums add up."""

import re

import pytest
from infra.policy import syntax


@pytest.fixture(scope="module")
def text(repository):
    return (repository / "docs" / "azure.md").read_text()


@pytest.fixture(scope="module")
def templates(repository):
    return syntax.templates(repository / "infra")


def _table(text, heading):
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip() for line in section.splitlines() if line.strip().startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_template_is_described(text, templates):
    described = set(re.findall(r"^\| `(\w+\.bicep)` \|", text, re.MULTILINE))
    assert described == {name for name in templates if "/" not in name}


def test_every_alert_rule_is_explained(text, templates):
    explained = {row[0].split("`")[1] for row in _table(text, "Alerts")}
    ruled = {
        resource["config"]["name"].replace("${appName}", "…")
        for template in templates.values()
        for resource in template.get("resources", {}).values()
        if resource["type"].endswith(("scheduledQueryRules", "metricAlerts"))
    }
    assert explained == ruled


def test_every_github_variable_is_named(text, repository):
    used = set()
    for file in (repository / ".github" / "workflows").glob("*.yml"):
        used |= set(re.findall(r"\bvars\.(\w+)", file.read_text()))
    named = {
        name for row in _table(text, "First deployment") for name in re.findall(r"`(\w+)`", row[0])
    }
    assert named == used


def test_every_secret_of_the_vault_is_made(text, templates, repository):
    made = set(re.search(r"for secret in ([\w -]+);", text)[1].split())
    read = set()
    for where in templates:
        source = (repository / "infra" / where).read_text()
        read |= set(re.findall(r"(?:secrets/|getSecret\(')([\w-]+)'", source))
        made |= set(
            re.findall(r"vaults/secrets@[^{]+\{\s+parent: vault\s+name: '([\w-]+)'", source)
        )
    assert read == made


def test_what_an_outage_of_the_database_can_lose_is_said(text, templates):
    section = text.split("## While Postgres is away\n", 1)[1].split("\n## ", 1)[0]
    app = templates["modules/inference.bicep"]["resources"]["app"]["config"]
    (volume,) = app["properties"]["template"]["volumes"]
    assert volume["storageType"] in section
    assert "replica is removed" in section
    assert "**is lost**" in section
    cpu = app["properties"]["template"]["containers"][0]["resources"]["cpu"]
    assert "1.0" in str(cpu), "another size of disk comes with it"
    assert "One vCPU comes with 4 GiB" in section


def test_the_costs_add_up(text):
    rows = _table(text, "Cost")
    for column in (3, 5):
        *items, total = [int(row[column].strip("*")) for row in rows if row[column]]
        assert sum(items) == total
