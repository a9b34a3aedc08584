"""Compose, secrets and scripts, as far as they go without an engine."""

import itertools
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"
SECRET = re.compile(r"(PASSWORD|KEY)$")
PROFILES = ("", "train", "watch", "gpu", "observability", "*")
BARE = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
NOT_FOR_EVERYBODY = """ALERT_EXPECTED_REJECTIONS ALERT_WEBHOOK_SECRET ALERT_WEBHOOK_URL
APPLICATIONINSIGHTS_CONNECTION_STRING COLLECTOR_IMAGE FIRST_CHAMPION_OPTIONS
GRAFANA_HOST_PORT GRAFANA_IMAGE
IMAGE_PREFIX IMAGE_TAG INFERENCE_CPUS INFERENCE_MEMORY MODEL_PRECISION OTEL_EXPORTER_OTLP_ENDPOINT
OTEL_TRACES_SAMPLER OTEL_TRACES_SAMPLER_ARG OTLP_HOST_PORT POSTGRES_IMAGE PROMETHEUS_HOST_PORT
PROMETHEUS_IMAGE PYTHON_IMAGE RADAR_API_KEY REVISION TELEMETRY_BACKEND TF_EXTRA TRAINER_CPUS
TRAINER_MEMORY TWEETS""".split()
"""Variables with a default that docs/docker.md explains, left out of `.env`."""


def values(text):
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture
def make_env(tmp_path):
    """Runs the script of `make env` in a folder of its own."""
    shutil.copy(EXAMPLE, tmp_path)

    def run():
        return subprocess.run(
            [ROOT / "tools" / "env.sh", tmp_path], capture_output=True, text=True, timeout=30
        )

    return run


@pytest.fixture
def resolve(make_env, tmp_path):
    """`docker compose config` with a generated `.env`."""
    if shutil.which("docker") is None:
        pytest.skip("no docker command")
    version = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=30)
    if version.returncode:
        pytest.skip("docker has no compose")
    make_env()

    def run(*options, **environment):
        command = ["docker", "compose", "--env-file", tmp_path / ".env", "--file", COMPOSE]
        return subprocess.run(
            [*command, *options],
            env=BARE | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_secrets_are_made_once_for_the_owner_alone(make_env, tmp_path):
    assert make_env().returncode == 0
    file = tmp_path / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = values(file.read_text())
    secrets = [value for name, value in made.items() if SECRET.search(name)]
    assert len(secrets) == len(set(secrets)) == 6
    for secret in secrets:
        assert re.fullmatch("[0-9a-f]{64}", secret)
    assert {name: value for name, value in made.items() if not SECRET.search(name)} == {
        name: value for name, value in values(EXAMPLE.read_text()).items() if value
    }

    before = file.read_bytes()
    again = make_env()
    assert again.returncode == 0
    assert "stays as it is" in again.stdout
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", ".env.example"]


def test_what_an_older_env_lacks_is_added_and_nothing_changed(make_env, tmp_path):
    make_env()
    file = tmp_path / ".env"
    older = re.sub("(?m)^(PAGE_API_KEY|ACCESS)=.*\n", "", file.read_text())
    file.write_text(older.rstrip("\n"))
    file.chmod(0o400)
    done = make_env()
    assert done.returncode == 0, done.stderr
    assert "added to .env what it lacked: PAGE_API_KEY ACCESS" in done.stdout
    newer = file.read_text()
    assert newer.startswith(older)
    assert re.fullmatch("PAGE_API_KEY=[0-9a-f]{64}\nACCESS=keys\n", newer.removeprefix(older))
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", ".env.example"]


def test_made_secrets_pass_the_api_s_own_check(make_env, tmp_path):
    from inference.access.keys import check_given
    from inference.settings import Settings

    make_env()
    made = values((tmp_path / ".env").read_text())
    key = made["TEXT_HMAC_KEY"]
    assert Settings(environment="production", text_hmac_key=key).text_hmac_key == key
    check_given(made["PAGE_API_KEY"])


def test_the_page_gets_the_key_that_the_api_is_told(compose):
    services = compose["services"]
    given = services["page-key"]["environment"]["PAGE_API_KEY"]
    assert services["frontend"]["environment"]["API_KEY"] == given
    words = services["page-key"]["command"].split()
    assert words[:3] == ["keys", "create", "page"]
    assert words[words.index("--from-env") + 1] == "PAGE_API_KEY"
    scopes = {word for before, word in itertools.pairwise(words) if before == "--scope"}
    assert scopes == {"predict", "feedback"}
    condition = services["inference"]["depends_on"]["page-key"]["condition"]
    assert condition == "service_completed_successfully"


def test_every_variable_of_compose_is_known(compose):
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    listed = set(values(EXAMPLE.read_text()))
    assert listed - asked == set()
    assert asked - listed == set(NOT_FOR_EVERYBODY)
    documented = (ROOT / "docs" / "docker.md").read_text()
    for name in asked:
        assert f"`{name}`" in documented, name


def test_defaults_of_the_example_are_those_of_compose():
    text = COMPOSE.read_text()
    for name, value in values(EXAMPLE.read_text()).items():
        found = set(re.findall(rf"\$\{{{name}(:[-?])([^}}]*)}}", text))
        if SECRET.search(name):
            assert {operator for operator, _ in found} == {":?"}
        else:
            assert found == {(":-", value)}


@pytest.mark.parametrize("profile", PROFILES)
def test_compose_resolves_every_profile(resolve, profile):
    done = resolve("--profile", profile, "config", "--quiet")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "secret",
    [
        *("POSTGRES_PASSWORD", "MLFLOW_DB_PASSWORD", "FEEDBACK_DB_PASSWORD"),
        *("TEXT_HMAC_KEY", "PAGE_API_KEY"),
    ],
)
def test_compose_refuses_an_empty_secret(resolve, secret):
    done = resolve("config", "--quiet", **{secret: ""})
    assert done.returncode != 0
    assert "run 'make env' first" in done.stderr


def test_the_gpu_profile_trains_the_first_champion_on_the_gpu(resolve):
    done = resolve("--profile", "gpu", "config", TF_EXTRA="and-cuda")
    services = yaml.safe_load(done.stdout)["services"]
    gpu, cpu = services["trainer-gpu"], services["first-champion"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert gpu["command"] == cpu["command"]
    # One image for both, so nothing is built that is not needed.
    assert (gpu["image"], gpu["build"]) == (cpu["image"], cpu["build"])
    condition = cpu["depends_on"]["trainer-gpu"]["condition"]
    assert condition == "service_completed_successfully"

    plain = yaml.safe_load(resolve("config").stdout)["services"]
    assert "trainer-gpu" not in plain
    assert plain["first-champion"]["image"] == "radar-trainer:local"
    assert not plain["first-champion"]["build"]["args"]["TF_EXTRA"]


def test_feedback_is_read_where_there_is_a_key_for_it(resolve):
    for key, url in (("", ""), ("radar_secret", "http://inference:8000")):
        done = resolve("--profile", "train", "--profile", "watch", "config", RADAR_API_KEY=key)
        services = yaml.safe_load(done.stdout)["services"]
        for name in ("trainer", "watch"):
            environment = services[name]["environment"]
            assert (environment["RADAR_API_KEY"], environment["INFERENCE_URL"]) == (key, url)


def test_every_service_is_confined(compose):
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["mem_limit"], name
        assert service["cpus"], name
        assert service["restart"] in ("unless-stopped", "on-failure:3"), name
        assert service["stop_grace_period"], name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name


def test_files_that_compose_mounts_exist(compose):
    mounts = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    assert len(mounts) >= 5
    for path in mounts:
        assert (ROOT / path).exists(), path


@pytest.fixture
def docker_with(tmp_path):
    """A docker command that has these runtimes, and writes down what else it is asked."""

    def make(runtimes):
        said = tmp_path / "asked"
        docker = tmp_path / "bin" / "docker"
        docker.parent.mkdir()
        docker.write_text(
            "#!/bin/bash\n"
            f'if [ "$1" = info ]; then {runtimes}; exit; fi\n'
            f'echo "$* | ${{COMPOSE_PROFILES:-}} | ${{TF_EXTRA:-}}" >>{said}\n'
        )
        docker.chmod(0o755)
        return said

    return make


@pytest.mark.parametrize(
    ("runtimes", "profiles", "expected"),
    [
        ("echo 'io.containerd.runc.v2 runc '", "", " |  | "),
        ("echo 'nvidia runc '", "", " | gpu | and-cuda"),
        ("echo 'nvidia runc '", "observability", " | observability,gpu | and-cuda"),
    ],
)
def test_up_takes_the_gpu_where_docker_has_it(docker_with, tmp_path, runtimes, profiles, expected):
    said = docker_with(runtimes)
    done = subprocess.run(
        [ROOT / "tools" / "up.sh", "--no-deps"],
        env=BARE | {"PATH": f"{tmp_path / 'bin'}:{BARE['PATH']}", "COMPOSE_PROFILES": profiles},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert said.read_text().splitlines()[0] == f"compose up --build --wait --no-deps{expected}"


def test_up_without_an_engine_says_so_in_one_line(docker_with, tmp_path):
    docker_with("exit 1")
    done = subprocess.run(
        [ROOT / "tools" / "up.sh"],
        env=BARE | {"PATH": f"{tmp_path / 'bin'}:{BARE['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no Docker engine answers" in done.stderr
