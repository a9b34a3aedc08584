"""Ten thousand texts that nobody should send, through the real API over HTTP."""

import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

TEXTS = 10_000
SINGLES = 2_000
PER_BATCH = 40
HUGE = 40
MARK = "qzxvk"
"""In every text, so that it can be looked for where no text may be."""

EMOJI = ["👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏿", "🇫🇷", "✈️", "1️⃣", "\U0001f468\u200d" * 20, "🧑🏽‍🚀", "\ufe0f"]
RIGHT_TO_LEFT = ["الطائرة متأخرة", "הטיסה מאחרת", "\u202ereversed\u202c", "\u2067x\u2069", "\u200f"]
INVISIBLE = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u3164"]
MARKUP = ["<script>alert(1)</script>", "&#x0;&#xD800;&amp;&lt;", "<![CDATA[", "{{7*7}}", "${x}"]
SQL = ["'; DROP TABLE predictions; --", '" OR 1=1', "\\'; COPY x TO '/tmp/y'", "%s %(a)s :a ?"]
TOKENS = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "##ing", "</s>", "@" * 200, "#" * 200, "http://"]


def random_characters(rng: random.Random, low: int, high: int) -> str:
    return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 60)))


def hostile(rng: random.Random) -> str:
    """One text of a random kind."""
    kinds = [
        lambda: "",
        lambda: rng.choice([" ", "\n", "\t\r\n", "\u00a0\u2003"]) * rng.randint(1, 50),
        lambda: "\0" * rng.randint(1, 20),
        lambda: chr(rng.randint(0xD800, 0xDFFF)) + random_characters(rng, 0xD800, 0xDFFF),
        lambda: random_characters(rng, 0, 0x1F),
        lambda: random_characters(rng, 0x7F, 0x9F),
        lambda: random_characters(rng, 0xE000, 0x10FFFF),
        lambda: random_characters(rng, 0x300, 0x36F),
        lambda: "a" + "\u0301" * rng.randint(1, 2_000),
        lambda: rng.choice("aA!?.😀") * rng.randint(1, 9_000),
        lambda: "".join(rng.choices(EMOJI, k=rng.randint(1, 30))),
        lambda: " ".join(rng.choices(RIGHT_TO_LEFT, k=rng.randint(1, 10))),
        lambda: "".join(rng.choices(INVISIBLE, k=rng.randint(1, 60))),
        lambda: "".join(rng.choices(MARKUP, k=rng.randint(1, 5))),
        lambda: rng.choice(SQL),
        lambda: " ".join(rng.choices(TOKENS, k=rng.randint(1, 8))),
        lambda: "x" * rng.randint(9_990, 10_010),
    ]
    text = rng.choice(kinds)()
    return text and text + MARK


def encoded(rng: random.Random, body: object) -> bytes:
    """JSON with escapes, or, where it can be, as plain UTF-8."""
    if rng.random() < 0.5:
        try:
            return json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            pass  # a lone surrogate exists as an escape only
    return json.dumps(body).encode()


def requests(rng: random.Random) -> list[tuple[str, bytes, int]]:
    """Path, body and number of texts of every request, in random order."""
    found = [("/v1/predict", encoded(rng, {"text": hostile(rng)}), 1) for _ in range(SINGLES)]
    huge = json.dumps({"text": MARK + "é" * 1_000_000}).encode()
    found += [("/v1/predict", huge, 1)] * HUGE
    broken = [
        b'{"text": "' + MARK.encode() + bytes([rng.randint(0x80, 0xFF)]) + b'"}' for _ in range(50)
    ]
    found += [("/v1/predict", body, 1) for body in broken]
    for _ in range((TEXTS - len(found)) // PER_BATCH):
        texts = [hostile(rng) for _ in range(PER_BATCH)]
        found.append(("/v1/predict/batch", encoded(rng, {"texts": texts}), PER_BATCH))
    left = TEXTS - sum(count for _, _, count in found)
    found += [("/v1/predict", encoded(rng, {"text": hostile(rng)}), 1) for _ in range(left)]
    rng.shuffle(found)
    return found


def check_problem(problem: dict) -> str:
    assert problem["type"].startswith("/problems/"), problem
    assert 400 <= problem["status"] < 500, problem
    return problem["type"]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_every_hostile_text_is_answered_or_refused(start_server, store_url):
    server = start_server(
        DATABASE_URL=store_url,
        STORE_TEXT="all",
        MAX_WAITING_TOKENS="1000000",
        REQUEST_TIMEOUT_SECONDS="600",
    )
    seen: Counter[str] = Counter()

    with httpx.Client(
        base_url=server.url,
        trust_env=False,
        timeout=60,
        headers={"Content-Type": "application/json"},
    ) as client:

        def ask(request: tuple[str, bytes, int]) -> list[str]:
            path, body, count = request
            while (answer := client.post(path, content=body)).status_code == 429:
                time.sleep(0.05)  # some bodies are large, and come eight at a time
            if answer.status_code != 200:
                assert MARK not in answer.text
                assert answer.headers["content-type"] == "application/problem+json"
                return [check_problem(answer.json())] * count
            assert MARK not in answer.text
            if count == 1:
                return [answer.json()["label"]]
            return [
                check_problem(item["error"]) if item["error"] else item["prediction"]["label"]
                for item in answer.json()["results"]
            ]

        with ThreadPoolExecutor(8) as pool:
            for outcome in pool.map(ask, requests(random.Random(20_261_122))):
                seen.update(outcome)
        assert seen.total() == TEXTS
        good = client.post("/v1/predict", content=b'{"text": "lovely crew, thank you"}')
        assert good.json()["label"] == "positive"
        assert client.get("/readyz").status_code == 200
    assert set(seen) - {"negative", "neutral", "positive"} == {
        "/problems/text-refused",
        "/problems/text-too-long",
        "/problems/body-too-large",
        "/problems/malformed-json",
    }
    log = server.log.read_text()
    assert MARK not in log
    assert [line for line in server.lines() if line["level"] in ("WARNING", "ERROR")] == []
