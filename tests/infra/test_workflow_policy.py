"""The project's own rules for workflows, and that each can be broken."""

import json
import re
import subprocess

import pytest
import yaml
from infra.policy import workflows as policy

FILES = ("ci.yml", "images.yml", "deploy.yml", "rollback.yml")
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"

BREAKS = [
    ("pins", "ci.yml", CHECKOUT, "actions/checkout@v7"),
    ("pins", "ci.yml", CHECKOUT, CHECKOUT.replace(" # v7.0.1", "")),
    ("permissions", "ci.yml", "permissions: {}", "permissions: write-all"),
    ("permissions", "ci.yml", "      contents: read", "      contents: write"),
    ("permissions", "images.yml", "      contents: read", "      id-token: write"),
    ("permissions", "deploy.yml", "    environment: ${{ inputs.environment }}\n", ""),
    ("permissions", "deploy.yml", "vars.AZURE_TENANT_ID", "secrets.AZURE_TENANT_ID"),
    ("steps", "ci.yml", "persist-credentials: false", "persist-credentials: true"),
    ("steps", "ci.yml", "    timeout-minutes: 30\n", ""),
    ("steps", "ci.yml", "shell: bash", "shell: sh"),
    ("triggers", "ci.yml", "  pull_request:\n", "  pull_request_target:\n"),
    ("triggers", "ci.yml", "  pull_request:\n", '  pull_request:\n    paths: ["services/**"]\n'),
    ("triggers", "ci.yml", "concurrency:\n", "x-concurrency:\n"),
    ("triggers", "deploy.yml", "cancel-in-progress: false", "cancel-in-progress: true"),
    ("required", "ci.yml", "needs: [changes, lint, test, browser, infra, images]",
     "needs: [changes, lint, test, infra, images]"),
    ("required", "ci.yml", "if: always()", "if: success()"),
]  # fmt: skip


@pytest.fixture(scope="module")
def texts(repository):
    folder = repository / ".github" / "workflows"
    return {name: (folder / name).read_text() for name in FILES}


@pytest.mark.parametrize("rule", policy.TEXT_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", FILES)
def test_workflow_keeps_the_rule(texts, rule, name):
    assert rule(name, texts[name]) == []


@pytest.mark.parametrize(("rule", "name", "old", "new"), BREAKS)
def test_rule_catches(texts, rule, name, old, new):
    assert old in texts[name]
    assert getattr(policy, rule)(name, texts[name].replace(old, new, 1)) != []


@pytest.mark.parametrize("name", ["deploy.yml", "rollback.yml"])
def test_commands_in_steps_exist(texts, repository, name):
    assert policy.commands(name, texts[name], repository) == []


@pytest.mark.parametrize("name", ["ci.yml", "images.yml"])
def test_commands_in_steps_with_compose_exist(texts, repository, compose_file, name):
    assert policy.commands(name, texts[name], repository) == []


def test_missing_commands_are_caught(texts, repository):
    broken = texts["ci.yml"].replace("make lint", "make lnit")
    assert policy.commands("ci.yml", broken, repository) != []
    broken = texts["deploy.yml"].replace("/api.bicepparam", "/apy.bicepparam")
    assert len(policy.commands("deploy.yml", broken, repository)) >= 2


def test_the_deployment_sets_every_variable_that_its_parameters_read(repository, texts):
    script = texts["deploy.yml"]
    state = (repository / "infra" / "release" / "__main__.py").read_text()
    computed = {"MLFLOW_DIGEST", "INFERENCE_DIGEST", "FRONTEND_DIGEST", "TRAINER_DIGEST"}
    for image in ("inference", "frontend", "mlflow", "trainer-gpu"):
        assert re.search(rf"for image in .*\b{image}\b", script)
    for file in (repository / "infra" / "parameters").rglob("*.bicepparam"):
        if file.stem == "foundation":
            continue  # a person deploys that one
        for variable in re.findall(r"readEnvironmentVariable\('(\w+)'", file.read_text()):
            given = f"{variable}:" in script or f"{variable}=" in script + state
            assert given or variable in computed, f"{file.name} reads {variable}"


def test_the_registry_gets_each_image_that_is_deployed(texts):
    built = yaml.safe_load(texts["images.yml"])["jobs"]["build"]["strategy"]["matrix"]["include"]
    shipped = {entry["image"] for entry in built if entry["ships"]}
    assert shipped == {"inference", "frontend", "mlflow", "trainer-gpu"}


@pytest.mark.parametrize(
    ("code", "results", "passes"),
    [
        ("true", {"changes": "success", "test": "success"}, True),
        ("true", {"changes": "success", "test": "skipped"}, False),
        ("true", {"changes": "success", "test": "failure"}, False),
        ("true", {"changes": "success", "test": "cancelled"}, False),
        ("false", {"changes": "success", "test": "skipped"}, True),
        ("false", {"changes": "success", "test": "failure"}, False),
        ("", {"changes": "failure", "test": "skipped"}, False),
    ],
)
def test_the_required_check_tells_the_truth(texts, code, results, passes):
    """Runs the very script of the workflow."""
    script = yaml.safe_load(texts["ci.yml"])["jobs"]["required"]["steps"][0]["run"]
    needs = {job: {"result": result, "outputs": {}} for job, result in results.items()}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        env={"PATH": "/usr/bin:/bin", "CODE": code, "RESULTS": json.dumps(needs)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "jq: command not found" in done.stderr:
        pytest.skip("no jq here: GitHub's runners have it")
    assert (done.returncode == 0) is passes, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "code"), [("docs/a.md", "false"), ("docs/x/b.md", "false"), ("README.md", "true")]
)
def test_only_documentation_is_left_out(texts, tmp_path, file, code):
    """Runs the very script of the workflow in a repository of its own."""
    script = yaml.safe_load(texts["ci.yml"])["jobs"]["changes"]["steps"][1]["run"]

    def git(*arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        return subprocess.run(
            ["git", "-C", tmp_path, *identity, *arguments], check=True, capture_output=True
        ).stdout.decode()

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message", "base")
    base = git("rev-parse", "HEAD").strip()
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("text")
    git("add", ".")
    git("commit", "--quiet", "--message", "change")
    for given, expected in ((base, code), ("", "true")):
        output = tmp_path / "output"
        output.write_text("")
        subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            env={"PATH": "/usr/bin:/bin", "BASE": given, "GITHUB_OUTPUT": str(output)},
            cwd=tmp_path,
            check=True,
        )
        assert output.read_text() == f"code={expected}\n"
