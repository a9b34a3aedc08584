"""Dockerfiles and compose before public linters, each of which is shown to catch a broken copy."""

import pytest

DOCKERFILES = (
    "trainer/Dockerfile",
    "inference/Dockerfile",
    "inference/bulk.Dockerfile",
    "frontend/Dockerfile",
    "mlflow/Dockerfile",
)


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_dockerfile_passes_hadolint(run_tool, repository, dockerfile):
    done = run_tool("hadolint", repository / "services" / dockerfile)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("USER 10001:10001", "USER root"),
        ("FROM ${PYTHON_IMAGE} AS build", "FROM python AS build"),
        ('ENTRYPOINT ["inference"]', "ENTRYPOINT inference"),
        ("WORKDIR /build", "RUN apt-get update && apt-get install curl"),
    ],
)
def test_hadolint_catches(run_tool, repository, change, old, new):
    broken = change(repository / "services" / "inference" / "Dockerfile", old, new)
    assert run_tool("hadolint", broken).returncode == 1


def test_compose_keeps_the_schema(run_tool, compose_file, change):
    arguments = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    done = run_tool(*arguments, compose_file)
    assert done.returncode == 0, done.stdout
    assert run_tool(*arguments, change(compose_file, "healthcheck:", "healtcheck:")).returncode == 1
