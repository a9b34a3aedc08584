"""Commands of the deployment workflows: `python -m infra.release --help`."""

import argparse
import logging
import signal
import sys

from infra.release import rollout
from infra.release.cloud import Group, ReleaseError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m infra.release", description=__doc__)
    top.add_argument("--resource-group", required=True)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("state", help="what serves now, as NAME=value lines")
    job = commands.add_parser("run-job", help="start a job and wait for its end")
    job.add_argument("job")
    job.add_argument("--seconds", type=float, default=900.0)
    out = commands.add_parser("roll-out", help="test the API's new revision and move the traffic")
    out.add_argument("--previous", required=True, help="revision that served before; empty: none")
    out.add_argument("--share", type=int, default=10, help="per cent for the canary")
    out.add_argument("--seconds", type=float, default=600.0, help="how long the canary lasts")
    again = commands.add_parser("restore", help="give all traffic to the revision that served")
    again.add_argument("--previous", required=True, help="full name of that revision")
    commands.add_parser("roll-back", help="give the API's traffic to the revision before")
    commands.add_parser("check-page", help="test the page on its public address")
    return top


def run(arguments: argparse.Namespace) -> None:
    """Do what the command line says."""
    group = Group(arguments.resource_group)
    match arguments.command:
        case "state":
            slot = rollout.stable(group)
            sys.stdout.write(
                f"STABLE_REVISION={slot.revision if slot else ''}\n"
                # The first revision gets the other label, blue.
                f"STABLE_LABEL={slot.label if slot else 'green'}\n"
                f"PREVIOUS_FRONTEND_DIGEST={rollout.page_digest(group)}\n"
            )
        case "run-job":
            group.run_job(arguments.job, arguments.seconds)
        case "roll-out":
            canary = rollout.Canary(arguments.share, arguments.seconds)
            rollout.roll_out(group, canary, arguments.previous)
        case "restore":
            rollout.restore(group, arguments.previous)
        case "roll-back":
            rollout.roll_back(group)
        case "check-page":
            rollout.check_page_now(group)


def main() -> None:
    """Run one command; one line on standard error and exit status 1 when it fails."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cancelled job, as Ctrl-C
    try:
        run(parser().parse_args())
    except ReleaseError as error:
        sys.exit(f"release: {error}")


if __name__ == "__main__":
    main()
