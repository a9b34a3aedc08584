"""The most memory that a process held, alone or with those that it began."""

import contextlib
import os
import subprocess
import time

import psutil

SECONDS_BETWEEN_LOOKS = 0.1


def wait_for_peak(process: "subprocess.Popen[bytes]") -> int:
    """Wait until a process ends.

    Returns:
        The peak of its resident memory in bytes. It begins at the peak of whoever started it, so
        this tells something of processes larger than the caller alone.
    """
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1_024  # Linux counts in KiB


def wait_for_peak_of_all(process: "subprocess.Popen[bytes]") -> int:
    """Wait until a process ends that begins others.

    Returns:
        The most memory in bytes that all of them held together, of what they share with others
        their part (PSS). It is looked at ten times a second, so a shorter peak may be missed.
    """
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(process.pid)
            peak = max(peak, sum(map(_held, (root, *root.children(recursive=True)))))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return peak


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
