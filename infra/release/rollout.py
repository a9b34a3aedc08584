"""The steps of a release, each of which ends with all traffic on a revision that works."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.release.cloud import OTHER, Group, ReleaseError, Slot
from infra.release.smoke import check_api, check_page, patiently

log = logging.getLogger(__name__)

API = "inference"
PAGE = "frontend"


@dataclass(frozen=True)
class Canary:
    """How a new revision is tried on real traffic.

    Attributes:
        share: per cent of the traffic that it gets.
        seconds: for how long.
        most_errors: largest share of 5xx answers, from 0 to 1, that it may give.
    """

    share: int
    seconds: float
    most_errors: float = 0.01


def https(host: str) -> str:
    """The address of a public host."""
    return f"https://{host}"


def stable(group: Group, app: str = API) -> Slot | None:
    """The revision that has most of the traffic; None before the first deployment.

    Raises:
        ReleaseError: the app exists, but nothing with a label has traffic.
    """
    if not group.exists(app):
        return None
    slots = group.slots(app)
    if not slots or slots[0].weight == 0:
        raise ReleaseError(f"no labelled revision of {app} has traffic: give one the label blue")
    return slots[0]


def roll_out(
    group: Group, canary: Canary, previous: str, address: Callable[[str], str] = https
) -> None:
    """Test the new revision of the API on its own address, then under a share, then give it all.

    Args:
        group: where the API runs.
        canary: how to try it on real traffic.
        previous: full name of the revision that served before this deployment; empty if none did.
        address: the address of a host.

    Raises:
        ReleaseError: it did not hold; all traffic is back on the old revision, the new one stopped.
    """
    slots = group.slots(API)
    old = next((slot for slot in slots if slot.revision == previous), None)
    new = next((slot for slot in slots if slot.revision != previous), None)
    if new is None or (previous and old is None):
        raise ReleaseError(f"{API} has the revisions {[slot.revision for slot in slots]}: no pair")
    try:
        group.wait_until_healthy(API, new.revision)
        patiently(check_api, address(group.host(API, new.label)), pause=group.pause / 2)
        if old is not None:
            _try(group, canary, old, new, address)
            group.set_traffic(API, {old.label: 0, new.label: 100})
        patiently(check_api, address(group.host(API)), pause=group.pause / 2)
    except BaseException as error:
        # An interrupt too must not leave the traffic divided.
        if old is None:
            raise
        restore(group, old.revision)
        _stop(group, new.revision)
        if isinstance(error, ReleaseError):
            raise ReleaseError(f"{error}; all traffic is on {old.revision} again") from error
        raise
    log.info("%s has all traffic", new.revision)
    # The revision before stays warm for a return; older ones would only cost money.
    for revision in group.active_revisions(API):
        if revision not in (new.revision, previous):
            _stop(group, revision)


def _stop(group: Group, revision: str) -> None:
    try:
        group.set_active(API, revision, active=False)
    except ReleaseError as error:  # it has no traffic: not worth failing for
        log.warning("%s still runs: %s", revision, error)


def _try(group: Group, canary: Canary, old: Slot, new: Slot, address: Callable[[str], str]) -> None:
    started, deadline = datetime.now(UTC), group.clock() + canary.seconds
    group.set_traffic(API, {old.label: 100 - canary.share, new.label: canary.share})
    log.info("%s has %d %% of the traffic for %.0f s", new.revision, canary.share, canary.seconds)
    while group.clock() < deadline:
        check_api(address(group.host(API, new.label)))
        time.sleep(group.pause)
    requests, errors = group.requests(API, new.revision, started)
    log.info("%s answered %d requests, %d of them with 5xx", new.revision, requests, errors)
    if errors > canary.most_errors * requests:
        raise ReleaseError(f"{new.revision} answered {errors} of {requests} requests with 5xx")


def restore(group: Group, revision: str) -> None:
    """Give all traffic of the API to a labelled revision at once, without a test.

    Raises:
        ReleaseError: no label is on that revision.
    """
    slots = group.slots(API)
    if revision not in [slot.revision for slot in slots]:
        raise ReleaseError(f"{revision} has no label: its traffic cannot be given back")
    group.set_traffic(API, {slot.label: 100 if slot.revision == revision else 0 for slot in slots})
    log.info("%s has all traffic", revision)


def roll_back(group: Group, address: Callable[[str], str] = https) -> None:
    """Give all traffic of the API to the revision that served before, once it passes its test.

    Raises:
        ReleaseError: there is none, or it does not pass; the traffic stays where it was.
    """
    now = stable(group)
    if now is None:
        raise ReleaseError(f"{API} is not deployed")
    before = next((slot for slot in group.slots(API) if slot.label == OTHER[now.label]), None)
    if before is None:
        raise ReleaseError(f"no revision of {API} is labelled {OTHER[now.label]}")
    group.set_active(API, before.revision, active=True)
    group.wait_until_healthy(API, before.revision)
    patiently(check_api, address(group.host(API, before.label)), pause=group.pause / 2)
    group.set_traffic(API, {now.label: 0, before.label: 100})
    log.info("%s has all traffic", before.revision)


def check_page_now(group: Group, address: Callable[[str], str] = https) -> None:
    """Test the page on its public address.

    Raises:
        ReleaseError: it does not work.
    """
    patiently(check_page, address(group.host(PAGE)), pause=group.pause / 2)
    log.info("the page works")


def page_digest(group: Group) -> str:
    """Digest of the image that the page runs now; empty before the first deployment."""
    if not group.exists(PAGE):
        return ""
    image = str(group.show(PAGE)["properties"]["template"]["containers"][0]["image"])
    return image.partition("@")[2]
