"""Ways through parsed templates that the rules share."""

from collections.abc import Iterator
from typing import Any

from infra.policy.syntax import Template

Templates = dict[str, Template]

APP, JOB = "Microsoft.App/containerApps", "Microsoft.App/jobs"


def workloads(templates: Templates) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, kind (`containerApps` or `jobs`) and body of each app and job."""
    for where, template in templates.items():
        for resource in template.get("resources", {}).values():
            if resource["type"] in (APP, JOB) and not resource["existing"]:
                yield where, resource["type"].rpartition("/")[2], resource["config"]


def apps(templates: Templates) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, name and body of each app."""
    for where, kind, config in workloads(templates):
        if kind == "containerApps":
            name = config["name"]
            variables = templates[where].get("variables", {})
            yield where, variables.get(name, {}).get("value", name), config


def containers(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers of an app or job, those that run first at the end."""
    template = config["properties"]["template"]
    return [*template["containers"], *template.get("initContainers", [])]


def decorator(parameter: dict[str, Any], kind: str) -> Any:
    """Argument of a parameter's decorator such as `min_value`; None without one."""
    found = [one["argument"] for one in parameter["decorators"] if one["type"] == kind]
    return found[0] if found else None


def reachable(templates: Templates, start: str) -> list[str]:
    """A template and every module that deploying it deploys."""
    seen, waiting = [], [start]
    while waiting:
        where = waiting.pop()
        if where not in seen:
            seen.append(where)
            waiting += [
                module["detail"]["path"] for module in templates[where].get("modules", {}).values()
            ]
    return seen
