"""Alert rules and the dashboard: of figures that exist, documented, and shown to fire."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "observability"
RUNBOOK = ROOT / "docs" / "runbook.md"
FOREIGN = {"up", "ALERTS"}
"""What Prometheus itself adds."""
NO_METRIC = set(
    """and avg bool by count group_left group_right histogram_quantile ignoring increase
le max min offset on or rate sum unless vector without""".split()
)


def metrics_in(expression):
    """Names of the metrics of a PromQL expression."""
    plain = re.sub(r"\{[^}]*\}|\"[^\"]*\"|\[[^]]*\]", "", expression)
    plain = re.sub(r"\b(by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)", "", plain)
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", plain)) - NO_METRIC


def alerts():
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def dashboard_expressions():
    panels = json.loads((FOLDER / "dashboards" / "radar.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.fixture(scope="module")
def exposed():
    """Names that the API's own registry exposes once it has answered and predicted something."""
    from inference.metrics import Metrics

    metrics = Metrics()
    metrics.observe_request("POST", "/v1/predict", 200, 0.01)
    metrics.count_prediction("m", "1", "negative")
    metrics.set_model("m", "1", "fp32", fallback=False)
    lines = metrics.exposition().decode().splitlines()
    return {re.split(r"[{ ]", line)[0] for line in lines if not line.startswith("#")}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('sum by (le) (rate(a_b{x="y"}[5m])) > 0.5', {"a_b"}),
        ('up{job="x"} == 1 unless on (job, instance) c', {"up", "c"}),
        ("a / ignoring (label) group_left sum(b)", {"a", "b"}),
    ],
)
def test_metrics_are_found_in_expressions(expression, names):
    assert metrics_in(expression) == names


@pytest.mark.parametrize("name", list(alerts()))
def test_alerts_ask_for_figures_that_exist(exposed, name):
    names = metrics_in(alerts()[name]["expr"])
    assert names
    assert names - exposed - FOREIGN == set()


def test_the_dashboard_asks_for_figures_that_exist(exposed):
    expressions = dashboard_expressions()
    assert len(expressions) > 10
    for expression in expressions:
        names = metrics_in(expression)
        assert names, expression
        assert names - exposed - FOREIGN == set()


def test_every_alert_is_in_the_runbook_and_no_other():
    headings = re.findall(r"^### `(\w+)`", RUNBOOK.read_text(), re.MULTILINE)
    assert set(alerts()) <= set(headings)
    assert len(headings) == len(set(headings))


def test_every_alert_has_a_test_that_it_fires():
    cases = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    fired = {rule["alertname"] for case in cases for rule in case.get("alert_rule_test", ())}
    assert fired == set(alerts())


def test_panels_do_not_overlap_and_read_the_provisioned_source():
    dashboard = json.loads((FOLDER / "dashboards" / "radar.json").read_text())
    source = yaml.safe_load((FOLDER / "grafana" / "datasources" / "prometheus.yml").read_text())
    taken = set()
    for panel in dashboard["panels"]:
        assert panel["datasource"]["uid"] == source["datasources"][0]["uid"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken
        taken |= cells


def test_collector_pipelines_name_what_is_configured():
    config = yaml.safe_load((FOLDER / "collector.yml").read_text())
    for pipeline in config["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(config[kind])
    used = {
        kind: {
            name for pipeline in config["service"]["pipelines"].values() for name in pipeline[kind]
        }
        for kind in ("receivers", "processors", "exporters")
    }
    assert used == {kind: set(config[kind]) for kind in used}


def test_prometheus_asks_the_ports_that_are_served():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    targets = {
        target
        for job in config["scrape_configs"]
        for group in job["static_configs"]
        for target in group["targets"]
    }
    collector = yaml.safe_load((FOLDER / "collector.yml").read_text())
    own = collector["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]
    assert f"collector:{own['prometheus']['port']}" in targets
    assert f"collector:{collector['exporters']['prometheus']['endpoint'].split(':')[1]}" in targets
    assert "inference:8000" in targets
    hosts = {target.split(":")[0] for target in targets} - {"127.0.0.1"}
    assert hosts <= set(compose["services"])


@pytest.fixture
def promtool():
    """Runs promtool on a copy of the folder, one piece of whose text may be replaced."""
    command = shutil.which("promtool")
    if command is None:
        pytest.skip("no promtool: Debian has it in the package prometheus")

    def run(folder, *arguments, replace=None):
        shutil.copytree(FOLDER, folder)
        if replace:
            file, old, new = replace
            text = (folder / file).read_text()
            assert old in text
            (folder / file).write_text(text.replace(old, new, 1))
        return subprocess.run(
            [command, *arguments], cwd=folder, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.mark.parametrize(
    "arguments", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")]
)
def test_promtool_passes(promtool, tmp_path, arguments):
    done = promtool(tmp_path / "copy", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "replace"),
    [
        (("check", "config", "prometheus.yml"), ("alerts.yml", "sum by (le)", "sum bye (le)")),
        (("check", "config", "prometheus.yml"), ("prometheus.yml", "job_name", "job_nam")),
        (("test", "rules", "alerts_test.yml"), ("alerts.yml", "> 0.05", "> 0.5")),
        (("test", "rules", "alerts_test.yml"), ("alerts.yml", "> 0.98", "> 0.4")),
        (("test", "rules", "alerts_test.yml"), ("alerts.yml", "> 0.5\n", "> 5\n")),
    ],
)
def test_promtool_catches(promtool, tmp_path, arguments, replace):
    assert promtool(tmp_path / "copy", *arguments, replace=replace).returncode != 0


@pytest.mark.parametrize(
    ("profiles", "given", "endpoint"),
    [
        (None, None, None),
        ("train,gpu", None, None),
        ("observability", None, "http://collector:4318"),
        ("gpu,observability", None, "http://collector:4318"),
        ("observability", "http://elsewhere:4318", "http://elsewhere:4318"),
        ("observability", "", ""),
    ],
)
def test_traces_go_to_the_collector_where_it_runs(tmp_path, profiles, given, endpoint):
    """`tools/up.sh`, with a `docker` that only says what it was given."""
    docker = tmp_path / "docker"
    docker.write_text(
        '#!/bin/sh\nif [ "$2" = up ]; then\n'
        f'  echo "${{OTEL_EXPORTER_OTLP_ENDPOINT-unset}}" > {tmp_path}/seen\nfi\n'
    )
    docker.chmod(0o755)
    names = {"COMPOSE_PROFILES": profiles, "OTEL_EXPORTER_OTLP_ENDPOINT": given}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {name: value for name, value in names.items() if value is not None}
    environment["PATH"] = f"{tmp_path}{os.pathsep}{environment['PATH']}"
    subprocess.run([ROOT / "tools/up.sh"], env=environment, check=True, capture_output=True)
    seen = (tmp_path / "seen").read_text().strip()
    assert seen == ("unset" if endpoint is None else endpoint)


def test_the_api_is_told_where_traces_go_and_the_collector_takes_them():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    api = compose["services"]["inference"]["environment"]
    assert api["OTEL_EXPORTER_OTLP_ENDPOINT"] == "${OTEL_EXPORTER_OTLP_ENDPOINT:-}"
    told = re.search(r"-(http://[a-z]+:[0-9]+)}", (ROOT / "tools/up.sh").read_text())[1]
    host, port = told.removeprefix("http://").split(":")
    assert "observability" in compose["services"][host]["profiles"]
    collector = yaml.safe_load((FOLDER / "collector.yml").read_text())
    assert collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(f":{port}")
    assert "otlp" in collector["service"]["pipelines"]["traces"]["receivers"]
