"""The queries of Azure's alert rules ask for what the API really sends, under the same names."""

import re
import uuid
from datetime import UTC, datetime

import pytest
from infra.policy import reading, syntax, tuning

from inference.alerts.channels import InsightsChannel
from inference.alerts.findings import REJECTIONS
from inference.alerts.repository import Finding, opened
from inference.metrics import Metrics
from inference.telemetry.events import EVENT_OF_VERDICT, GivenVerdict, verdict_event
from inference.telemetry.measurements import CHOSEN, Readings

PLATFORM = {"ContainerAppSystemLogs"}
"""Tables that Azure fills itself."""
SENT = {"AppEvents": "events", "AppMetrics": "figures"}
NAME = re.compile(r'\bName == "(\w+)"')
ROLE = re.compile(r'\bAppRoleName == "([\w-]+)"')
FIELD = re.compile(r"\bProperties\.(\w+)")
VALUE = re.compile(r'tostring\(Properties\.(\w+)\) [!=]= "([\w-]+)"')


class Told:
    """Takes events, as Application Insights would."""

    def __init__(self):
        self.events = []

    def send(self, event):
        self.events.append(event)


@pytest.fixture(scope="module")
def templates(repository):
    return syntax.templates(repository / "infra")


@pytest.fixture(scope="module")
def queries(templates):
    return {
        resource["config"]["name"]: criterion["query"]
        for template in templates.values()
        for resource in template.get("resources", {}).values()
        if resource["type"] == "Microsoft.Insights/scheduledQueryRules"
        for criterion in resource["config"]["properties"]["criteria"]["allOf"]
    }


@pytest.fixture(scope="module")
def sent():
    """Names of events and figures, each with its fields and the values that rules compare."""
    told = Told()
    for verdict in EVENT_OF_VERDICT:
        given = GivenVerdict(uuid.uuid4(), "m", "1", "positive", 0.9, "en", verdict, None, None)
        told.send(verdict_event(given))
    now = datetime.now(UTC)
    finding = Finding(REJECTIONS, "api", "three", {}, seen_at=now)
    InsightsChannel(told).send(opened(finding, now, number=1))
    metrics = Metrics()
    metrics.observe_request("POST", "/v1/predict", 503, 0.1)
    measured = {item.name: item.fields for item in Readings(metrics.figures).take()}
    return {
        "events": {event.name: dict(event.fields) for event in told.events},
        "figures": {
            name: dict.fromkeys(fields, "") | dict(measured.get(name, {}))
            for name, fields in CHOSEN.items()
        },
    }


@pytest.fixture(scope="module")
def role(templates):
    """The name under which the API sends on Azure."""
    module = templates["modules/inference.bicep"]
    env = reading.containers(module["resources"]["app"]["config"])[0]["env"]
    (value,) = (item["value"] for item in env if item["name"] == "OTEL_SERVICE_NAME")
    return module["variables"][value]["value"]


def unknown(query, sent, role):
    """What a query asks for that nothing sends."""
    table = query.split(" ", 1)[0]
    if table in PLATFORM:
        return []
    if table not in SENT:
        return [table]
    items = sent[SENT[table]]
    names = NAME.findall(query)
    fields = {field: value for name in names for field, value in items.get(name, {}).items()}
    return [
        *([] if names else ["no name"]),
        *(name for name in names if name not in items),
        *(name for name in ROLE.findall(query) if name != role),
        *(field for field in FIELD.findall(query) if field not in fields),
        *(value for field, value in VALUE.findall(query) if value != fields.get(field)),
    ]


def test_every_query_asks_for_what_is_sent(queries, sent, role):
    assert len(queries) >= 4
    assert {
        name: found for name, query in queries.items() if (found := unknown(query, sent, role))
    } == {}


def test_figures_come_within_the_window_of_the_rule_that_asks_for_them(templates, queries):
    (rule,) = (name for name, query in queries.items() if query.startswith("AppMetrics"))
    rules = templates["modules/alerts.bicep"]["resources"].values()
    (window,) = (
        one["config"]["properties"]["windowSize"] for one in rules if one["config"]["name"] == rule
    )
    _, longest = tuning.bounds(templates["api.bicep"]["parameters"]["metricsSeconds"])
    assert longest <= 60 * int(re.fullmatch(r"PT(\d+)M", window)[1])


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("predictions-rejected", "AppEvents", "AppTraces"),
        ("predictions-rejected", "prediction_rejected", "prediction_reject"),
        ("alerts-opened", "alert_opened", "alert_raised"),
        ("alerts-opened", "Properties.kind", "Properties.rule"),
        ("alerts-opened", '"rejections"', '"rejection"'),
        ("server-error-rate", "radar_requests_total", "radar_requests"),
        ("server-error-rate", "Properties.status", "Properties.code"),
        ("server-error-rate", '"5xx"', '"500"'),
        ("server-error-rate", 'AppRoleName == "inference"', 'AppRoleName == "api"'),
        ("server-error-rate", 'Name == "radar_requests_total"', "true"),
    ],
)
def test_a_query_for_something_else_is_caught(queries, sent, role, rule, old, new):
    assert old in queries[rule]
    assert unknown(queries[rule].replace(old, new), sent, role) != []
