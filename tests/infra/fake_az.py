"""Stands for `az` in tests of a release: apps in a file; refuses what it does not know."""

import json
import os
import sys

path = os.environ["FAKE_AZ_STATE"]
with open(path) as file:  # noqa: PTH123 - starts fast: no import that is not needed
    state = json.load(file)
words = sys.argv[1:]
state["log"].append(words)


def option(*names):
    for name in names:
        if name in words:
            return words[words.index(name) + 1]
    return None


def app():
    return state["apps"][option("-n")]


def shown(name, body):
    return {
        "id": f"/apps/{name}",
        "name": name,
        "properties": {
            "configuration": {
                "ingress": {"fqdn": f"{name}.example.test", "traffic": body.get("traffic", [])}
            },
            "template": {"containers": [{"image": body.get("image", "")}]},
        },
    }


def revision(name):
    body = app()["revisions"][name]
    properties = {
        "active": body["active"],
        "healthState": body.get("health", "Healthy"),
        "provisioningState": body.get("provisioning", "Provisioned"),
    }
    return {"name": name, "properties": properties}


def answer():
    match words:
        case ["containerapp", "list", *_]:
            return list(state["apps"])
        case ["containerapp", "show", *_]:
            return shown(option("-n"), app())
        case ["containerapp", "ingress", "traffic", "set", *_]:
            start = words.index("--label-weight") + 1
            shares = [word for word in words[start:] if "=" in word]
            weights = {
                label: int(weight) for label, _, weight in (s.partition("=") for s in shares)
            }
            if sum(weights.values()) != 100:
                sys.exit("ERROR: traffic weights must add up to 100")
            for entry in app()["traffic"]:
                entry["weight"] = weights[entry["label"]]
                if entry["weight"] and not app()["revisions"][entry["revisionName"]]["active"]:
                    sys.exit("ERROR: revision is not active")
            state["traffic"].append(weights)
            return None
        case ["containerapp", "revision", "list", *_]:
            return [revision(name) for name in app()["revisions"]]
        case ["containerapp", "revision", "show", *_]:
            return revision(option("--revision"))
        case ["containerapp", "revision", ("activate" | "deactivate") as verb, *_]:
            app()["revisions"][option("--revision")]["active"] = verb == "activate"
            return None
        case ["containerapp", "job", "start", *_]:
            return {"name": f"{option('-n')}-1"}
        case ["containerapp", "job", "execution", "show", *_]:
            statuses = state["jobs"][option("-n")]
            return {"properties": {"status": statuses.pop(0) if len(statuses) > 1 else statuses[0]}}
        case ["monitor", "metrics", "list", *_]:
            series = [
                {
                    "metadatavalues": [{"name": {"value": "statuscodecategory"}, "value": kind}],
                    "data": [{"total": total}, {"total": None}],
                }
                for kind, total in state["requests"].items()
            ]
            return {"value": [{"timeseries": series}]}
    sys.exit(f"ERROR: the test's az does not know {words}")


result = answer()
with open(path, "w") as file:  # noqa: PTH123
    json.dump(state, file)
if result is not None:
    json.dump(result, sys.stdout)
