"""The workflows before public linters, each of which is shown to catch a broken copy."""

import pytest

WORKFLOWS = ("ci", "images", "deploy", "rollback")

# What jactionlint, zizmor and the published schema each catch that the others may not.
LINT = [
    ("${{ matrix.python }}", "${{ matrix.pyton }}"),
    ("needs: changes", "needs: chnages"),
    ("runs-on: ubuntu-24.04", "runs-on: ubuntu-24.40"),
]
SECURITY = [
    ("persist-credentials: false", "persist-credentials: true"),
    ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7"),
    ('git diff --name-only "$BASE', 'git diff --name-only "${{ github.head_ref }}'),
]
SCHEMA = [("runs-on: ubuntu-24.04", "runs_on: ubuntu-24.04"), ("jobs:", "jbos:")]


@pytest.fixture(scope="module")
def folder(repository):
    return repository / ".github" / "workflows"


def test_workflows_pass_actionlint_checks(run_tool, folder):
    done = run_tool("jactionlint", *sorted(folder.glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("old", "new"), LINT)
def test_actionlint_checks_catch(run_tool, folder, change, old, new):
    done = run_tool("jactionlint", change(folder / "ci.yml", old, new))
    assert done.returncode == 1, done.stdout + done.stderr


def test_workflows_pass_zizmor(run_tool, repository):
    done = run_tool("zizmor", "--offline", "--quiet", repository / ".github")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("old", "new"), SECURITY)
def test_zizmor_catches(run_tool, folder, change, old, new):
    done = run_tool("zizmor", "--offline", "--quiet", change(folder / "ci.yml", old, new))
    assert done.returncode > 10, done.stdout + done.stderr  # 11 to 14: findings by severity


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_keeps_the_schema(run_tool, folder, name):
    done = run_tool(
        "check-jsonschema", "--builtin-schema", "vendor.github-workflows", folder / f"{name}.yml"
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("old", "new"), SCHEMA)
def test_schema_catches(run_tool, folder, change, old, new):
    broken = change(folder / "ci.yml", old, new)
    done = run_tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", broken)
    assert done.returncode == 1


def test_dependabot_keeps_the_schema(run_tool, repository, change):
    file = repository / ".github" / "dependabot.yml"
    arguments = ("check-jsonschema", "--builtin-schema", "vendor.dependabot")
    assert run_tool(*arguments, file).returncode == 0
    assert run_tool(*arguments, change(file, "interval: weekly", "interval: yearly-ish")).returncode


def test_every_workflow_is_checked(folder):
    assert sorted(file.stem for file in folder.iterdir()) == sorted(WORKFLOWS)
