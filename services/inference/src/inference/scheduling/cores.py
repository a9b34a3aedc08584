"""How many processors this process may use, the container's quota included."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def available_cores(cgroup: Path = CGROUP) -> int:
    """Cores for computing: the fewest of the machine's, the process's and the container's.

    ONNX Runtime and `os.cpu_count` see the whole machine, also where a container may use a part
    of it, and would start threads that only wait for each other. A quota of part of a core counts
    as a whole one.

    Args:
        cgroup: where the control groups are mounted.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _quota(cgroup)
    return max(1, min(cores or 1, math.ceil(quota) if quota else cores or 1))


def _quota(cgroup: Path) -> float | None:
    """Cores that the control group grants, or None if it sets no bound (man 7 cgroups)."""
    try:
        if (version_2 := cgroup / "cpu.max").is_file():
            limit, period = version_2.read_text(encoding="ascii").split()
        else:
            limit = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
        microseconds = 0 if limit == "max" else int(limit)
        return microseconds / int(period) if microseconds > 0 else None
    except (OSError, ValueError):
        return None
