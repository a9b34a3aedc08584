"""Rule for where the API keeps what waits for the database. Says what breaks it."""

from infra.policy.reading import Templates, apps, containers


def spool(templates: Templates) -> list[str]:
    """The API's data folder is a volume of each replica's own.

    The container's own file system would forget with every restart. A share would be one SQLite
    file for several machines, whose write-ahead log works on one only.
    """
    broken = []
    for where, name, config in apps(templates):
        if name != "inference":
            continue
        volumes = {
            volume["name"]: volume["storageType"]
            for volume in config["properties"]["template"].get("volumes", [])
        }
        for container in containers(config):
            folder = {item["name"]: item.get("value") for item in container["env"]}.get("DATA_DIR")
            mounts = {
                mount["mountPath"]: volumes.get(mount["volumeName"])
                for mount in container.get("volumeMounts", [])
            }
            if mounts.get(folder) != "EmptyDir":
                broken.append(
                    f"{where}: DATA_DIR {folder} is on {mounts.get(folder)}, not on EmptyDir"
                )
    return broken
