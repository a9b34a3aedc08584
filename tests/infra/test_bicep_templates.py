"""The templates: syntax, the project's rules, and that each of these can be broken."""

import copy
import re
from typing import get_args

import pytest
from infra.policy import reading, storage, surroundings, syntax, tuning, workloads

from inference.settings import Settings

RULES = (
    *(workloads.probes, workloads.ingress, workloads.access, workloads.revisions),
    *(
        workloads.scale,
        workloads.images,
        surroundings.secrets,
        surroundings.roles,
        surroundings.alerts,
    ),
    surroundings.modules,
    storage.spool,
    tuning.tuning,
)
PLAIN_SECRET = """      secrets: [
        {
          name: 'database-url'
          value: 'postgresql://feedback:letmein@host/feedback'
        }"""
ROLE = """resource late 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(location)
  properties: {
    principalId: location
  }
}
"""

BREAKS = [
    ("probes", "modules/inference.bicep", "'/readyz'", "'/livez'"),
    ("probes", "modules/inference.bicep", "type: 'Liveness'", "type: 'Startup'"),
    ("probes", "modules/frontend.bicep", "'/_stcore/health'", "'/healthz'"),
    ("probes", "modules/mlflow.bicep", "port: 5000\n                httpHeaders",
     "port: 5001\n                httpHeaders"),
    ("probes", "modules/inference.bicep", "containerApps@2025-01-01' = {\n  name: name",
     "containerApps@2025-01-01' = if (empty(name)) {\n  name: 'other'"),
    ("ingress", "modules/mlflow.bicep", "external: false", "external: true"),
    ("ingress", "modules/inference.bicep", "allowInsecure: false", "allowInsecure: true"),
    ("access", "modules/inference.bicep", "value: 'keys'", "value: 'open'"),
    ("access", "modules/inference.bicep", "name: 'ACCESS'", "name: 'ACCES'"),
    ("access", "modules/frontend.bicep", "secretRef: 'page-api-key'", "value: ''"),
    ("revisions", "modules/frontend.bicep", "activeRevisionsMode: 'Single'",
     "activeRevisionsMode: 'Multiple'"),
    ("revisions", "modules/frontend.bicep", "affinity: 'sticky'", "affinity: 'none'"),
    ("revisions", "modules/inference.bicep", "activeRevisionsMode: 'Multiple'",
     "activeRevisionsMode: 'Single'"),
    ("revisions", "modules/inference.bicep", "weight: 0", "weight: 100"),
    ("scale", "modules/mlflow.bicep", "maxReplicas: 1", "maxReplicas: 2"),
    ("scale", "modules/inference.bicep", "type: 'cpu'", "type: 'memory'"),
    ("scale", "api.bicep", "@minValue(1)", "@minValue(0)"),
    ("images", "modules/trainer.bicep", "@${digest}", ":latest"),
    ("images", "modules/migrate.bicep", "inference@${digest}", "inference:1.0"),
    ("images", "platform.bicep", "@minLength(71)\n", ""),
    ("secrets", "modules/postgres.bicep", "@secure()\nparam mlflowPassword",
     "param mlflowPassword"),
    ("secrets", "modules/postgres.bicep", "param mlflowPassword string",
     "param mlflowPassword string = 'letmein'"),
    ("secrets", "modules/inference.bicep", "      secrets: [", PLAIN_SECRET),
    ("secrets", "modules/inference.bicep", "secretRef: 'text-hmac-key'", "value: 'letmein'"),
    ("secrets", "modules/monitoring.bicep", "output workspaceId string = workspace.id",
     "output workspaceId string = insights.properties.ConnectionString"),
    ("roles", "modules/inference.bicep", "output name", ROLE + "\noutput name"),
    ("roles", "api.bicep", "userAssignedIdentities@2023-01-31' existing",
     "userAssignedIdentities@2023-01-31'"),
    ("roles", "modules/trainer.bicep", "type: 'UserAssigned'", "type: 'SystemAssigned'"),
    ("alerts", "modules/alerts.bicep", "'PT1M'", "'PT5M'"),
    ("alerts", "modules/alerts.bicep", "windowSize: 'PT5M'", "windowSize: 'PT15M'"),
    ("alerts", "modules/alerts.bicep", "threshold: 3", "threshold: 30"),
    ("alerts", "modules/alerts.bicep", "query: 'AppEvents |",
     "query: 'AppEvents | union AppTraces |"),
    ("alerts", "modules/alerts.bicep", "        actionGroupId\n", ""),
    ("alerts", "platform.bicep", "modules/replica-alert.bicep", "modules/alerts.bicep"),
    ("spool", "modules/inference.bicep", "'EmptyDir'", "'AzureFile'"),
    ("spool", "modules/inference.bicep", "mountPath: '/data'", "mountPath: '/cache'"),
    ("spool", "modules/inference.bicep", "name: 'DATA_DIR'", "name: 'DATA'"),
    ("tuning", "modules/inference.bicep", "value: challengerMode", "value: 'off'"),
    ("tuning", "modules/inference.bicep", "name: 'CHALLENGER_SHARE'", "name: 'CHALLENGER'"),
    ("tuning", "modules/inference.bicep", "value: traceShare", "value: '0.1'"),
    ("tuning", "modules/inference.bicep", "value: traceShare", "value: challengerShare"),
    ("tuning", "modules/inference.bicep", "padLeft(tracePercent, 2,", "padLeft(tracePercent, 1,"),
    ("tuning", "modules/inference.bicep", "tracePercent == 100 ? '1'", "tracePercent == 100 ? '0'"),
    ("tuning", "modules/inference.bicep", "string(metricsSeconds)", "'60'"),
    ("tuning", "api.bicep", "@maxValue(300)\n", ""),
    ("tuning", "api.bicep", "param challengerPercent int", "param challengePercent int"),
    ("modules", "api.bicep", "    tracePercent: tracePercent\n", ""),
    ("modules", "platform.bicep", "    digest: trainerDigest\n", ""),
    ("modules", "platform.bicep", "digest: trainerDigest", "digset: trainerDigest"),
    ("modules", "api.bicep", "modules/inference.bicep", "modules/api.bicep"),
]  # fmt: skip


@pytest.fixture(scope="module")
def infra(repository):
    return repository / "infra"


@pytest.fixture(scope="module")
def templates(infra):
    return syntax.templates(infra)


def _files(folder, *patterns):
    return [path for pattern in patterns for path in sorted(folder.rglob(pattern))]


def test_every_template_and_every_parameter_file_parses(infra):
    files = _files(infra, "*.bicep", "*.bicepparam")
    assert len(files) >= 25
    assert {path.name: found for path in files if (found := syntax.errors(path.read_text()))} == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  params: {", "  params: "),
        ("location: location", "location: loaction"),
        ("= {\n", "= \n"),
        ("'modules/inference.bicep'", "modules/inference.bicep"),
        ("identityId: identity.id", "identityId: identiy.id"),
    ],
)
def test_broken_bicep_is_caught(infra, old, new):
    source = (infra / "api.bicep").read_text()
    assert old in source
    assert syntax.errors(source.replace(old, new, 1)) != []


def test_broken_parameters_are_caught(infra):
    source = (infra / "parameters" / "dev" / "api.bicepparam").read_text()
    assert syntax.errors(source.replace("'dev'", "dev'")) != []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_templates_keep_the_rule(templates, rule):
    assert rule(templates) == []


@pytest.mark.parametrize(("rule", "where", "old", "new"), BREAKS)
def test_rule_catches(infra, templates, rule, where, old, new):
    source = (infra / where).read_text()
    assert old in source
    broken = copy.copy(templates)
    broken[where] = syntax.parse(source.replace(old, new, 1))
    [function] = [one for one in RULES if one.__name__ == rule]
    assert function(broken) != []


def test_the_api_gets_settings_that_it_has(templates):
    app = templates["modules/inference.bicep"]["resources"]["app"]["config"]
    given = {item["name"] for item in reading.containers(app)[0]["env"]}
    assert given <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize(("variable", "parameter"), tuning.TUNED.items())
def test_what_can_be_tuned_is_what_the_api_takes(templates, variable, parameter):
    taken = tuning.bounds(templates["api.bicep"]["parameters"][parameter])
    field = Settings.model_fields[variable.lower()]
    if isinstance(taken, list):
        assert set(taken) == set(get_args(field.annotation))
        return
    scale = 100 if parameter.endswith(tuning.PERCENT) else 1
    (least,) = (one.ge for one in field.metadata if hasattr(one, "ge"))
    (most,) = (one.le for one in field.metadata if hasattr(one, "le"))
    assert least * scale <= taken[0] < taken[1] <= most * scale


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_parameters_are_those_of_their_template(infra, templates, environment):
    files = _files(infra / "parameters" / environment, "*.bicepparam")
    assert {file.stem for file in files} == {"foundation", "platform", "api", "page"}
    for file in files:
        source = file.read_text()
        assert source.startswith(f"using '../../{file.stem}.bicep'\n")
        given = set(re.findall(r"^param (\w+) =", source, re.MULTILINE))
        known = templates[f"{file.stem}.bicep"]["parameters"]
        needed = {name for name, parameter in known.items() if parameter["default"] is None}
        assert needed <= given <= known.keys()
        assert f"param environmentName = '{environment}'" in source


def test_module_outputs_that_are_read_exist(infra, templates):
    read = 0
    for where, template in templates.items():
        source = (infra / where).read_text()
        for module, output in re.findall(r"\b(\w+)\.outputs\.(\w+)", source):
            target = template["modules"][module]["detail"]["path"]
            assert output in templates[target]["outputs"], f"{where}: {module}.outputs.{output}"
            read += 1
    assert read > 10


def test_each_resource_type_has_one_version_everywhere(templates):
    versions = {}
    for template in templates.values():
        for resource in template.get("resources", {}).values():
            versions.setdefault(resource["type"], set()).add(resource["api_version"])
    assert {kind: found for kind, found in versions.items() if len(found) > 1} == {}


def test_the_container_runs_the_text_of_a_file_that_exists(infra):
    for path in _files(infra, "*.bicep"):
        for name in re.findall(r"loadTextContent\('([^']+)'\)", path.read_text()):
            assert (path.parent / name).is_file()
