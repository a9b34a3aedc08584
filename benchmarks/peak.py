"""The most memory that a process held."""

import os
import subprocess


def wait_for_peak(process: "subprocess.Popen[bytes]") -> int:
    """Wait until a process ends.

    Returns:
        The peak of its resident memory in bytes. It begins at the peak of whoever started it, so
        this tells something of processes larger than the caller alone.
    """
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1_024  # Linux counts in KiB
