"""What the running system does for those who use it, and what its containers may not do."""

import json
import shutil
import time
import uuid

import httpx
import pytest

pytestmark = pytest.mark.docker

SERVICES = ("postgres", "mlflow", "inference", "frontend")
OURS = ("mlflow", "inference", "frontend", "trainer")
INFERENCE_BYTES = 450_000_000


def test_a_tweet_is_predicted_judged_and_kept(stack):
    prediction = stack.predict()
    assert prediction["label"] in ("negative", "neutral", "positive")
    assert prediction["model_version"] == "1"

    first = stack.judge(prediction["id"])
    assert stack.judge(prediction["id"]) == first  # the same twice is once

    kept = f"SELECT verdict FROM verdicts WHERE prediction_id = '{prediction['id']}'"
    assert stack.sql("feedback", kept) == ["confirmed"]


def test_a_batch_answers_each_tweet(stack):
    texts = ["Lovely crew, thank you", "", "Delayed again"]
    answer = stack.post("predict/batch", {"texts": texts})
    results = answer.json()["results"]
    assert [item["index"] for item in results] == [0, 1, 2]
    for item in results:
        assert item["prediction"] is not None or item["error"]["type"]


def test_strangers_are_refused_and_a_key_works_until_it_is_revoked(stack):
    def keys(*arguments):
        return stack.compose("exec", "-T", "inference", "inference", "keys", *arguments)

    def ask(key):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        body = {"text": "Lost my bag again"}
        url = f"{stack.api}/v1/predict"
        return httpx.post(url, json=body, headers=headers, timeout=30).status_code

    assert ask(None) == httpx.codes.UNAUTHORIZED
    name = f"client-{uuid.uuid4().hex[:8]}"
    key = keys("create", name, "--scope", "predict").stdout.strip()
    assert "page" in keys("list").stdout
    wait_for(lambda: ask(key) == httpx.codes.OK)
    keys("revoke", name)
    wait_for(lambda: ask(key) == httpx.codes.UNAUTHORIZED)
    said = stack.compose("logs", "--no-color", "inference").stdout
    assert name in said
    assert key not in said


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_each_role_reads_its_own_database_only(stack):
    for role, other in (("mlflow", "feedback"), ("feedback", "mlflow")):
        password = stack.environment[f"{role.upper()}_DB_PASSWORD"]
        url = f"postgresql://{role}:{password}@postgres/"
        command = ("exec", "-T", "postgres", "psql", "--command", "SELECT 1")
        assert stack.compose(*command, url + role, check=False).returncode == 0
        refused = stack.compose(*command, url + other, check=False)
        assert "permission denied for database" in refused.stderr


def test_mlflow_answers_its_own_names_only(stack):
    search = f"{stack.mlflow}/api/2.0/mlflow/experiments/search"

    def status(**headers):
        return httpx.post(search, json={"max_results": 1}, headers=headers, timeout=30).status_code

    assert status() == httpx.codes.OK
    assert status(Host="mlflow:5000") == httpx.codes.OK
    assert status(Host="evil.example") == httpx.codes.FORBIDDEN


@pytest.mark.parametrize("service", SERVICES)
def test_containers_have_limits_and_cannot_write_to_their_image(stack, service):
    read_only, memory, cpus, capabilities, options = json.loads(
        stack.inspect(
            service,
            "[{{.HostConfig.ReadonlyRootfs}},{{.HostConfig.Memory}},{{.HostConfig.NanoCpus}},"
            "{{json .HostConfig.CapDrop}},{{json .HostConfig.SecurityOpt}}]",
        )
    )
    assert read_only
    assert memory > 0
    assert cpus > 0
    assert capabilities == ["ALL"]
    assert "no-new-privileges:true" in options
    assert stack.compose("exec", "-T", service, "touch", "/written", check=False).returncode != 0


@pytest.mark.parametrize("service", SERVICES)
def test_services_do_not_run_as_root(stack, service):
    command = "for status in /proc/[0-9]*/status; do grep ^Uid $status; done"
    if service != "postgres":  # whose image's first process drops its rights itself
        uid = stack.compose("exec", "-T", service, "id", "--user").stdout.strip()
        assert uid == "10001"
    pid = stack.inspect(service, "{{.State.Pid}}")
    assert pid.isdecimal()
    uids = stack.compose("exec", "-T", service, "sh", "-c", command).stdout
    running = [line.split()[1] for line in uids.splitlines()]
    asking = 2 if service == "postgres" else 0  # the shell and grep of this very question
    assert running.count("0") <= asking


@pytest.mark.parametrize("service", OURS)
def test_images_hold_no_build_tools(stack, service):
    tools = "import shutil; print([t for t in ('gcc', 'uv', 'git') if shutil.which(t)])"
    said = stack.compose(
        "run", "--rm", "-T", "--no-deps", "--entrypoint", "python", service, "-c", tools
    )
    assert said.stdout.strip() == "[]"


def test_the_api_s_image_is_small_and_has_no_tensorflow(stack):
    image = stack.inspect("inference", "{{.Image}}")
    size = int(stack.run("docker", "image", "inspect", "--format", "{{.Size}}", image).stdout)
    assert size <= INFERENCE_BYTES
    code = (
        "import importlib.util as u; print([n for n in ('tensorflow','torch') if u.find_spec(n)])"
    )
    said = stack.compose("exec", "-T", "inference", "python", "-c", code)
    assert said.stdout.strip() == "[]"


def test_only_loopback_is_published(stack):
    for service in SERVICES:
        bindings = stack.inspect(service, "{{json .HostConfig.PortBindings}}")
        for published in (json.loads(bindings) or {}).values():
            assert [item["HostIp"] for item in published] == ["127.0.0.1"]


def test_the_champion_is_found_in_seconds_and_stays(stack):
    started = time.monotonic()
    said = stack.compose("run", "--rm", "-T", "first-champion").stdout
    assert said == "tweet-sentiment has a champion already: version 1\n"
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("variable", ["POSTGRES_PASSWORD", "MLFLOW_DB_PASSWORD"])
@pytest.mark.parametrize("value", ["postgres", "changeme-changeme-changeme"])
def test_placeholder_passwords_are_refused(stack, variable, value):
    done = stack.compose(
        "run", "--rm", "-T", "--no-deps", "databases", check=False, **{variable: value}
    )
    assert done.returncode == 1
    assert f"{variable} is a placeholder" in done.stderr


def test_a_placeholder_key_is_refused_outside_development(stack):
    done = stack.compose(
        *("run", "--rm", "-T", "--no-deps", "inference"),
        check=False,
        TEXT_HMAC_KEY="changeme" * 8,
    )
    assert done.returncode == 1
    assert "TEXT_HMAC_KEY: is a placeholder" in done.stderr


def test_an_analyst_uses_the_page(stack):
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = shutil.which(stack.environment.get("CHROMIUM") or "chromium")
    if path is None:
        pytest.skip("no Chromium: install it, or set CHROMIUM to its path")
    before = int(stack.sql("feedback", "SELECT count(*) FROM verdicts")[0])
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(locale="en-GB")
        page.set_default_timeout(60_000)
        page.goto(stack.page)
        page.get_by_role("textbox").fill("Three hours late and nobody says a word")
        page.get_by_role("button", name="Analyse").click()
        page.locator(".result blockquote", has_text="Three hours late").wait_for()
        page.get_by_role("button", name="Right").click()
        page.get_by_text("Thank you, noted.").wait_for()
        browser.close()
    assert int(stack.sql("feedback", "SELECT count(*) FROM verdicts")[0]) == before + 1
