"""What this needs of Azure, through its command line `az`, which the workflow has logged in."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

OTHER = {"blue": "green", "green": "blue"}


class ReleaseError(Exception):
    """The release cannot go on; the message says why and names the app or revision."""


@dataclass(frozen=True)
class Slot:
    """One revision that has a label.

    Attributes:
        label: `blue` or `green`.
        revision: its full name.
        weight: per cent of the app's traffic.
    """

    label: str
    revision: str
    weight: int


def az(*arguments: str) -> Any:
    """Run one `az` command and read its JSON answer; None where it answers nothing.

    Raises:
        ReleaseError: it failed; the message is the last line of what it said.
    """
    done = subprocess.run(
        ["az", *arguments, "--output", "json", "--only-show-errors"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise ReleaseError(f"az {' '.join(arguments[:3])}: {said[-1]}")
    return json.loads(done.stdout) if done.stdout.strip() else None


@dataclass(frozen=True)
class Group:
    """One environment's resource group.

    Attributes:
        name: the resource group.
        pause: seconds between two looks at something that takes time.
    """

    name: str
    pause: float = 10.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def exists(self, app: str) -> bool:
        """Whether the app has been deployed."""
        return app in az("containerapp", "list", "-g", self.name, "--query", "[].name")

    def show(self, app: str) -> Any:
        """The app as Azure describes it."""
        return az("containerapp", "show", "-g", self.name, "-n", app)

    def slots(self, app: str) -> list[Slot]:
        """The app's labelled revisions, the one with most traffic first."""
        traffic = self.show(app)["properties"]["configuration"]["ingress"]["traffic"]
        slots = [
            Slot(entry["label"], entry["revisionName"], entry.get("weight") or 0)
            for entry in traffic
            if entry.get("label")
        ]
        return sorted(slots, key=lambda slot: -slot.weight)

    def host(self, app: str, label: str | None = None) -> str:
        """Public host name of the app, or of the revision that has a label."""
        host = str(self.show(app)["properties"]["configuration"]["ingress"]["fqdn"])
        name, _, domain = host.partition(".")
        return f"{name}---{label}.{domain}" if label else host

    def set_traffic(self, app: str, weights: dict[str, int]) -> None:
        """Share the traffic out between labels; the weights are per cent and add up to 100."""
        shares = [f"{label}={weight}" for label, weight in weights.items()]
        az(
            *("containerapp", "ingress", "traffic", "set", "-g", self.name, "-n", app),
            *("--label-weight", *shares),
        )

    def set_active(self, app: str, revision: str, *, active: bool) -> None:
        """Start or stop a revision."""
        verb = "activate" if active else "deactivate"
        az("containerapp", "revision", verb, "-g", self.name, "-n", app, "--revision", revision)

    def active_revisions(self, app: str) -> list[str]:
        """Names of the revisions that run."""
        listed = az("containerapp", "revision", "list", "-g", self.name, "-n", app)
        return [one["name"] for one in listed if one["properties"]["active"]]

    def wait_until_healthy(self, app: str, revision: str, seconds: float = 600.0) -> None:
        """Wait until a revision runs and its probes pass.

        Raises:
            ReleaseError: it does not in time, or has failed for good.
        """

        def healthy() -> bool:
            shown = az(
                *("containerapp", "revision", "show", "-g", self.name, "-n", app),
                *("--revision", revision),
            )["properties"]
            if shown.get("provisioningState") == "Failed":
                raise ReleaseError(f"{revision} could not be provisioned: see its system logs")
            return bool(shown.get("healthState") == "Healthy")

        self._wait(healthy, seconds, f"{revision} is not healthy")

    def run_job(self, job: str, seconds: float) -> None:
        """Start a job and wait for its end.

        Raises:
            ReleaseError: it failed, or has not ended in time.
        """
        execution = az("containerapp", "job", "start", "-g", self.name, "-n", job)["name"]

        def ended() -> bool:
            status = az(
                *("containerapp", "job", "execution", "show", "-g", self.name, "-n", job),
                *("--job-execution-name", execution),
            )["properties"]["status"]
            if status in ("Failed", "Stopped", "Degraded"):
                raise ReleaseError(f"job {execution} has {status.lower()}: see its console logs")
            return bool(status == "Succeeded")

        self._wait(ended, seconds, f"job {execution} has not ended")

    def requests(self, app: str, revision: str, since: datetime) -> tuple[int, int]:
        """Requests that a revision answered since then, and how many of them with 5xx."""
        scope = str(self.show(app)["id"])
        start = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answered = az(
            *("monitor", "metrics", "list", "--resource", scope, "--metric", "Requests"),
            *("--aggregation", "Total", "--interval", "PT1M", "--start-time", start),
            *("--filter", f"revisionName eq '{revision}' and statusCodeCategory eq '*'"),
        )
        counts = {"all": 0, "5xx": 0}
        for series in answered["value"][0]["timeseries"]:
            names = {
                item["name"]["value"].lower(): item["value"] for item in series["metadatavalues"]
            }
            total = sum(int(point.get("total") or 0) for point in series["data"])
            counts["all"] += total
            if names.get("statuscodecategory", "").lower() == "5xx":
                counts["5xx"] += total
        return counts["all"], counts["5xx"]

    def _wait(self, ready: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = self.clock() + seconds
        while not ready():
            if self.clock() >= deadline:
                raise ReleaseError(f"{otherwise} after {seconds:.0f} s")
            time.sleep(self.pause)
