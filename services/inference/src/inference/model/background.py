"""Work behind the requests' backs: in a thread that gives way to those that answer."""

import logging
import os
import sys
import threading

from inference.logging import fields

GIVING_WAY = 10
"""Added to the thread's niceness: beside a thread that computes it gets a tenth of a core (man 7
sched gives the weights), and whatever nobody else wants."""

_log = logging.getLogger(__name__)


def give_way() -> None:
    """Lower the calling thread's priority with the operating system, for as long as it lives.

    Linux gives each thread a priority of its own; elsewhere it is the process's, so nothing is
    done. Threads that this one starts have its priority.
    """
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    try:
        niceness = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, niceness + GIVING_WAY)  # the system caps it
    except OSError as error:  # a sandbox may forbid it
        _log.warning("loading cannot give way to requests", extra=fields(reason=str(error)))
