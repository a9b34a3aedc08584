"""Rules for the workflows: pinned, few permissions, no secret, no check skipped silently."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

Workflow = dict[str, Any]

PIN = re.compile(r"[\w./-]+@[0-9a-f]{40}")
USE = re.compile(r"^\s*(?:- )?uses:\s*(\S+)(.*)$", re.MULTILINE)
WITH_TOKEN = {("images.yml", "push"), ("deploy.yml", "deploy"), ("rollback.yml", "rollback")}
NOT_CHECKS = {"required", "deploy"}
DANGEROUS = {"pull_request_target", "workflow_run", "issue_comment"}


def load(text: str) -> Workflow:
    """A workflow; YAML 1.1 reads its `on` as true, which is mended here."""
    read: dict[Any, Any] = yaml.safe_load(text)
    return {"on" if key is True else key: value for key, value in read.items()}


def pins(name: str, text: str) -> list[str]:
    """Every action of others is one commit, and a comment says which version that is."""
    broken = []
    for use, rest in USE.findall(text):
        if use.startswith("./"):
            continue
        if not PIN.fullmatch(use):
            broken.append(f"{name}: {use} is not pinned to a commit")
        elif not re.match(r"\s+# v\d+(\.\d+){2}$", rest):
            broken.append(f"{name}: {use} does not say which version it is")
    return broken


def permissions(name: str, text: str) -> list[str]:
    """Nothing by default; Azure's token only where Azure is needed, behind an environment."""
    workflow = load(text)
    broken = [] if workflow.get("permissions") == {} else [f"{name}: permissions by default"]
    for job, body in workflow["jobs"].items():
        granted = body.get("permissions")
        if granted is None:
            broken.append(f"{name}: {job} does not say its permissions")
            continue
        writes = {scope for scope, level in granted.items() if level == "write"}
        if writes - {"id-token"}:
            broken.append(f"{name}: {job} may write {sorted(writes)}")
        if "id-token" in writes and "uses" not in body:
            if (name, job) not in WITH_TOKEN:
                broken.append(f"{name}: {job} may log in to Azure")
            if "environment" not in body:
                broken.append(f"{name}: {job} logs in to Azure outside an environment")
    if re.search(r"\bsecrets\s*[.:[]", text):
        broken.append(f"{name}: uses a stored secret")
    return broken


def steps(name: str, text: str) -> list[str]:
    """No checkout keeps its credentials; every job ends in time; shells fail in pipelines too."""
    workflow = load(text)
    broken = []
    if workflow.get("defaults", {}).get("run", {}).get("shell") != "bash":
        broken.append(f"{name}: the default shell ignores failures in pipelines")
    for job, body in workflow["jobs"].items():
        if "uses" not in body and "timeout-minutes" not in body:
            broken.append(f"{name}: {job} may run for six hours")
        for step in body.get("steps", []):
            kept = step.get("with", {}).get("persist-credentials")
            if step.get("uses", "").startswith("actions/checkout@") and kept is not False:
                broken.append(f"{name}: {job} keeps the checkout's credentials")
    return broken


def triggers(name: str, text: str) -> list[str]:
    """No dangerous event; no path filter that leaves a required check waiting; no pile of runs."""
    workflow = load(text)
    events = workflow["on"] if isinstance(workflow["on"], dict) else dict.fromkeys(workflow["on"])
    broken = [f"{name}: runs on {event}" for event in sorted(DANGEROUS & events.keys())]
    for event, filters in events.items():
        if {"paths", "paths-ignore"} & set(filters or {}):
            broken.append(f"{name}: filters {event} by path, so a required check may never come")
    alone = events.keys() - {"workflow_call"}
    per_job = all("concurrency" in body for body in workflow["jobs"].values())
    if alone and "concurrency" not in workflow and not per_job:
        broken.append(f"{name}: has no concurrency group")
    for job, body in workflow["jobs"].items():
        group = body.get("concurrency", workflow.get("concurrency", {}))
        if (name, job) in WITH_TOKEN and group.get("cancel-in-progress") is not False:
            broken.append(f"{name}: {job} may be cancelled half-way")
    return broken


def required(name: str, text: str) -> list[str]:
    """The one required check looks at every other, whatever happened to it."""
    if name != "ci.yml":
        return []
    jobs = load(text)["jobs"]
    gate = jobs.get("required", {})
    missing = jobs.keys() - NOT_CHECKS - set(gate.get("needs", []))
    broken = [f"{name}: required does not look at {job}" for job in sorted(missing)]
    if gate.get("if") != "always()":
        broken.append(f"{name}: required is skipped, and so passes, when a job before it fails")
    return broken


def commands(name: str, text: str, root: Path) -> list[str]:
    """The targets, templates and parameters that the steps name exist."""
    makefile = (root / "Makefile").read_text()
    lines = re.findall(r"^([a-z][a-z0-9 -]*):", makefile, re.MULTILINE)
    known = {target for line in lines for target in line.split()}
    broken = []
    for script in _scripts(load(text)):
        for target in re.findall(r"\bmake ([a-z0-9-]+)", script):
            if target not in known:
                broken.append(f"{name}: make {target}, which the Makefile does not know")
        for path in re.findall(r"infra/parameters/\$TARGET/\w+\.bicepparam", script):
            for environment in ("dev", "prod"):
                if not (root / path.replace("$TARGET", environment)).is_file():
                    broken.append(f"{name}: {path} is not there for {environment}")
    return broken


TEXT_RULES = (pins, permissions, steps, triggers, required)


def _scripts(workflow: Workflow) -> Iterator[str]:
    for body in workflow["jobs"].values():
        for step in body.get("steps", []):
            if "run" in step:
                yield step["run"]
