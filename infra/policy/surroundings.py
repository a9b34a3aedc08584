"""Rules for what surrounds it: secrets, roles, alerts, modules. Each says what breaks it."""

import re

from infra.policy.reading import Templates, containers, reachable, workloads
from infra.policy.workloads import PROBES

ROLE = "Microsoft.Authorization/roleAssignments"
BY_PIPELINE = ("platform.bicep", "api.bicep", "page.bicep")
SECRET_PARAMETER = re.compile(r"password|secret|token|connectionstring", re.IGNORECASE)
SECRET_VARIABLE = re.compile(r"PASSWORD|SECRET|TOKEN|KEY$|CONNECTION_STRING|DATABASE_URL|STORE_URI")


def secrets(templates: Templates) -> list[str]:
    """Secrets come from Key Vault: no plain parameter, no default, no value, no output."""
    broken = []
    for where, template in templates.items():
        for name, parameter in template.get("parameters", {}).items():
            secure = any(one["type"] == "secure" for one in parameter["decorators"])
            if SECRET_PARAMETER.search(name) and not secure:
                broken.append(f"{where}: parameter {name} is not @secure()")
            if secure and parameter["default"] is not None:
                broken.append(f"{where}: secure parameter {name} has a default")
        for name, output in template.get("outputs", {}).items():
            if re.search(r"password|listKeys|ConnectionString", str(output["value"])):
                broken.append(f"{where}: output {name} shows a secret")
    for where, kind, config in workloads(templates):
        if "listKeys" in str(config):
            broken.append(f"{where}: reads an account key")
        for secret in config["properties"]["configuration"].get("secrets", []):
            if "value" in secret or not {"keyVaultUrl", "identity"} <= secret.keys():
                broken.append(f"{where}: secret {secret['name']} is no Key Vault reference")
        for container in containers(config):
            for variable in container.get("env", []):
                if SECRET_VARIABLE.search(variable["name"]) and "secretRef" not in variable:
                    broken.append(f"{where}: {kind} has {variable['name']} in plain sight")
    return broken


def roles(templates: Templates) -> list[str]:
    """What the pipeline deploys grants no role, and its apps run as an identity made before."""
    broken = []
    for start in BY_PIPELINE:
        for where in reachable(templates, start):
            for name, resource in templates[where].get("resources", {}).items():
                if resource["type"] == ROLE:
                    broken.append(f"{where}: {name} grants a role after apps may exist")
                made = not resource["existing"]
                if resource["type"].endswith("userAssignedIdentities") and made:
                    broken.append(f"{where}: {name} is an identity without roles yet")
    for where, kind, config in workloads(templates):
        if config.get("identity", {}).get("type") != "UserAssigned":
            broken.append(f"{where}: {kind} does not run as the one identity")
    granted = [
        name
        for where in reachable(templates, "foundation.bicep")
        for name, resource in templates[where].get("resources", {}).items()
        if resource["type"] == ROLE
    ]
    if len(granted) < 4:
        broken.append(f"foundation.bicep: grants {granted} only")
    return broken


def alerts(templates: Templates) -> list[str]:
    """Three rejections in five minutes, looked for every minute; and every rule tells somebody."""
    broken = []
    rules = templates["modules/alerts.bicep"]["resources"]
    rejected = rules.get("rejected", {}).get("config", {}).get("properties", {})
    criterion = rejected.get("criteria", {}).get("allOf", [{}])[0]
    wanted = {
        "evaluationFrequency": (rejected.get("evaluationFrequency"), "PT1M"),
        "windowSize": (rejected.get("windowSize"), "PT5M"),
        "operator": (criterion.get("operator"), "GreaterThanOrEqual"),
        "threshold": (criterion.get("threshold"), 3),
        "timeAggregation": (criterion.get("timeAggregation"), "Count"),
    }
    for name, (value, wish) in wanted.items():
        if value != wish:
            broken.append(f"modules/alerts.bicep: {name} of rejected is {value}, not {wish}")
    query = criterion.get("query", "")
    if "prediction_rejected" not in query:
        broken.append("modules/alerts.bicep: rejected does not ask for prediction_rejected")
    if re.search(r"\b(union|search|take|limit|ingestion_time|adx)\b", query):
        broken.append("modules/alerts.bicep: a rule of one minute's frequency cannot ask that")
    for where, template in templates.items():
        for name, resource in template.get("resources", {}).items():
            if resource["type"] in (
                "Microsoft.Insights/scheduledQueryRules",
                "Microsoft.Insights/metricAlerts",
            ):
                properties = resource["config"]["properties"]
                if not properties.get("enabled") or "actionGroupId" not in str(
                    properties.get("actions")
                ):
                    broken.append(f"{where}: {name} tells nobody")
    watched = {
        module["config"]["params"]["appName"]["operator"]["operands"]["operand_1"]
        if isinstance(module["config"]["params"]["appName"], dict)
        else ""
        for template in templates.values()
        for module in template.get("modules", {}).values()
        if module["detail"]["path"] == "modules/replica-alert.bicep"
    }
    for app in PROBES.keys() - watched:
        broken.append(f"nothing watches whether {app} has a replica")
    return broken


def modules(templates: Templates) -> list[str]:
    """Each module gets every parameter it needs, none it does not know; its outputs exist."""
    broken = []
    for where, template in templates.items():
        for name, module in template.get("modules", {}).items():
            target = templates.get(module["detail"]["path"])
            if target is None:
                broken.append(f"{where}: {name} is {module['detail']['path']}, which is not there")
                continue
            given = set(module["config"]["params"])
            known = target["parameters"]
            needed = {one for one, parameter in known.items() if parameter["default"] is None}
            for one in sorted(needed - given):
                broken.append(f"{where}: {name} lacks {one}")
            for one in sorted(given - known.keys()):
                broken.append(f"{where}: {name} does not take {one}")
    return broken
