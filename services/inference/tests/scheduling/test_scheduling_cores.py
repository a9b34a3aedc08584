"""The container's quota, read from files as the kernel writes them."""

import os

import pytest

from inference.scheduling.cores import available_cores

HERE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", HERE), ("50000 100000", 1), ("100000 100000", 1), ("9900000 100000", HERE)],
)
def test_version_2_bounds_the_cores(tmp_path, quota, cores):
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert available_cores(tmp_path) == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", HERE), ("30000", 1)])
def test_version_1_bounds_the_cores(tmp_path, quota, cores):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert available_cores(tmp_path) == cores


@pytest.mark.parametrize("content", [None, "", "nonsense", "max"])
def test_without_a_readable_quota_the_machine_decides(tmp_path, content):
    if content is not None:
        (tmp_path / "cpu.max").write_text(content)
    assert available_cores(tmp_path) == HERE
