"""Rules for what runs: probes, doors, revisions, replicas, images. Each says what breaks it."""

import re

from infra.policy.reading import APP, JOB, Templates, apps, containers, decorator

PUBLIC = {"inference", "frontend"}
PROBES = {  # app: path of the start-up, readiness and liveness probe, and the port
    "inference": ("/livez", "/readyz", "/livez", 8000),
    "frontend": ("/_stcore/health", "/_stcore/health", "/_stcore/health", 8501),
    "mlflow": (
        "/health",
        "/api/2.0/mlflow/registered-models/search?max_results=1",
        "/health",
        5000,
    ),
}
DIGEST_CHARACTERS = 71  # "sha256:" and 64 hexadecimal digits


def probes(templates: Templates) -> list[str]:
    """Each app has the three probes, with its real paths, and liveness asks nothing but life."""
    broken = []
    for where, name, config in apps(templates):
        paths = PROBES.get(name)
        port = config["properties"]["configuration"]["ingress"]["targetPort"]
        given = {
            probe["type"]: (probe["httpGet"]["path"], probe["httpGet"]["port"])
            for probe in containers(config)[0].get("probes", [])
        }
        if paths is None or port != paths[3]:
            broken.append(f"{where}: {name} on port {port} is not in the table of probes")
            continue
        for kind, path in zip(("Startup", "Readiness", "Liveness"), paths[:3], strict=True):
            if given.get(kind) != (path, port):
                broken.append(f"{where}: {kind} of {name} is {given.get(kind)}, not {path}")
    return broken


def ingress(templates: Templates) -> list[str]:
    """Only the page and the API are public, and nothing speaks plain HTTP."""
    broken = []
    for where, name, config in apps(templates):
        door = config["properties"]["configuration"]["ingress"]
        if door["external"] is not (name in PUBLIC):
            broken.append(f"{where}: external of {name} is {door['external']}")
        if door.get("allowInsecure") is not False:
            broken.append(f"{where}: {name} takes plain HTTP")
    return broken


def access(templates: Templates) -> list[str]:
    """The API asks for keys, and the page has one."""
    wanted = {"inference": ("ACCESS", "value", "keys"), "frontend": ("API_KEY", "secretRef", None)}
    broken = []
    for where, name, config in apps(templates):
        if name in wanted:
            variable, source, value = wanted[name]
            given = {item["name"]: item for item in containers(config)[0].get("env", [])}
            found = given.get(variable, {}).get(source)
            if found is None or value not in (None, found):
                broken.append(f"{where}: {variable} of {name} is {found}")
    return broken


def revisions(templates: Templates) -> list[str]:
    """The API has blue and green; the page is sticky, which needs single-revision mode."""
    broken = []
    for where, name, config in apps(templates):
        settings = config["properties"]["configuration"]
        mode = settings["activeRevisionsMode"]
        sticky = settings["ingress"].get("stickySessions", {}).get("affinity") == "sticky"
        if sticky and mode != "Single":
            broken.append(f"{where}: {name} is sticky, which {mode.lower()} revisions ignore")
        if name == "frontend" and not sticky:
            broken.append(f"{where}: the page is not sticky")
        if name == "inference" and (mode != "Multiple" or "traffic" not in settings["ingress"]):
            broken.append(f"{where}: the API has no blue and green")
    for name, weights in (("firstTraffic", [100]), ("laterTraffic", [100, 0])):
        variables = templates["modules/inference.bicep"].get("variables", {})
        shares = variables.get(name, {}).get("value", [])
        if [entry["weight"] for entry in shares] != weights or not all(
            entry.get("label") for entry in shares
        ):
            broken.append(f"modules/inference.bicep: {name} is not {weights} with labels")
    return broken


def scale(templates: Templates) -> list[str]:
    """MLflow has exactly one replica; the API grows with requests and with CPU, never to zero."""
    broken = []
    for where, name, config in apps(templates):
        bounds = config["properties"]["template"]["scale"]
        if name == "mlflow" and (bounds["minReplicas"], bounds["maxReplicas"]) != (1, 1):
            broken.append(f"{where}: MLflow may have other than one replica")
        if name == "inference":
            rules = bounds.get("rules", [])
            if not any("http" in rule for rule in rules):
                broken.append(f"{where}: the API does not grow with requests")
            if not any(rule.get("custom", {}).get("type") == "cpu" for rule in rules):
                broken.append(f"{where}: the API does not grow with CPU")
    for template in ("api.bicep", "page.bicep"):
        least = templates[template]["parameters"]["minReplicas"]
        if decorator(least, "min_value") != 1:
            broken.append(f"{template}: minReplicas may be 0, so nobody would be ready")
    return broken


def images(templates: Templates) -> list[str]:
    """Every image is named by its digest, and a digest can be nothing else."""
    broken = []
    for where, template in templates.items():
        variables = template.get("variables", {})
        for _, resource in template.get("resources", {}).items():
            if resource["type"] not in (APP, JOB) or resource["existing"]:
                continue
            for container in containers(resource["config"]):
                image = container["image"]
                image = variables.get(image, {}).get("value", image)
                if not re.fullmatch(r"\$\{registryServer\}/[a-z-]+@\$\{digest\}", image):
                    broken.append(f"{where}: image {image} is not named by its digest")
        for name, parameter in template.get("parameters", {}).items():
            lengths = {decorator(parameter, "min_length"), decorator(parameter, "max_length")}
            if name.lower().endswith("digest") and lengths != {DIGEST_CHARACTERS}:
                broken.append(f"{where}: {name} need not be a digest")
    return broken
