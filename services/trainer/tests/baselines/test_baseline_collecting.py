"""Nothing is paid for twice, whatever happens."""

import pytest

from trainer.baselines.cache import open_cache
from trainer.baselines.collecting import collect, plan
from trainer.baselines.service import BaselineError, Failure, connect
from trainer.progress import NoProgress

TEXTS = [f"tweet {n} {('negative', 'positive', 'neutral')[n % 3]} été" for n in range(23)]


class Stop(NoProgress):
    """Ctrl-C after some requests."""

    def __init__(self, requests):
        self.left = requests

    def advance(self, steps=1, note=""):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.fixture
def ask(tmp_path):
    """A function that asks a service about texts through the cache of this test."""

    def run(name, texts, language="en", progress=None):
        service = connect(name)
        with open_cache(tmp_path / "kept" / "answers.db", service, language) as cache:
            planned = plan(service, texts, language, cache)
            return planned, collect(service, planned, language, cache, progress or NoProgress())

    return run


@pytest.mark.parametrize(("name", "sizes"), [("azure", [10, 10, 3]), ("comprehend", [23])])
def test_texts_go_in_full_requests_and_once(ask, azure, comprehend, name, sizes):
    site = {"azure": azure, "comprehend": comprehend}[name]
    planned, replies = ask(name, TEXTS)
    assert (planned.cost.texts, [len(texts) for texts in site.texts]) == (23, sizes)
    assert [reply.sentiment for reply in replies] == [text.split()[2] for text in TEXTS]

    planned, again = ask(name, TEXTS)
    assert again == replies
    assert (planned.to_send, planned.cost.units) == ((), 0)
    assert len(site.requests) == len(sizes)

    planned, _ = ask(name, [*TEXTS, "one more"])
    assert planned.to_send == ("one more",)


def test_a_repeated_text_is_sent_once(ask, azure):
    _, replies = ask("azure", ["positive", "negative", "positive"])
    assert azure.texts == [["positive", "negative"]]
    assert [reply.sentiment for reply in replies] == ["positive", "negative", "positive"]


def test_another_language_or_endpoint_is_another_answer(ask, azure, serve, monkeypatch):
    ask("azure", TEXTS[:1])
    assert len(ask("azure", TEXTS[:1], "fr")[0].to_send) == 1
    monkeypatch.setenv("AZURE_LANGUAGE_ENDPOINT", f"{azure.url}/")
    assert ask("azure", TEXTS[:1])[0].to_send == ()
    monkeypatch.setenv("AZURE_LANGUAGE_ENDPOINT", azure.url.replace("127.0.0.1", "localhost"))
    assert len(ask("azure", TEXTS[:1])[0].to_send) == 1


def test_failures_are_asked_about_again(ask, azure):
    texts = ["positive", "unreadable", "x" * 5_121]
    planned, replies = ask("azure", texts)
    assert planned.cost.texts == 2
    assert replies[1:] == [Failure("InvalidDocument"), Failure("too-long")]
    assert ask("azure", texts)[0].to_send == ("unreadable",)


@pytest.mark.parametrize("end", ["ctrl-c", "busy"])
def test_what_was_paid_for_is_kept(ask, azure, end):
    if end == "busy":
        azure.script = [None, None, *[(403, {}, {"error": {"code": "403", "message": "no"}})]]
        with pytest.raises(BaselineError):
            ask("azure", TEXTS)
    else:
        with pytest.raises(KeyboardInterrupt):
            ask("azure", TEXTS, progress=Stop(2))
    azure.requests.clear()
    _, replies = ask("azure", TEXTS)
    assert azure.texts == [TEXTS[20:]]
    assert [reply.sentiment for reply in replies] == [text.split()[2] for text in TEXTS]


def test_the_cache_holds_no_text(ask, azure, tmp_path):
    ask("azure", TEXTS)
    for path in (tmp_path / "kept").iterdir():
        content = path.read_bytes()
        assert b"tweet" not in content
        assert "été".encode() not in content


def test_a_file_that_is_no_cache_is_refused(ask, azure, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "answers.db").write_text("something else " * 100)
    with pytest.raises(BaselineError, match=r"answers\.db.*move the file away"):
        ask("azure", TEXTS)
    assert azure.requests == []


def test_progress_counts_texts_and_failures(ask, azure):
    class Told(NoProgress):
        steps, notes, total = 0, (), 0

        def start(self, task, total):
            self.total = total

        def advance(self, steps=1, note=""):
            self.steps += steps
            self.notes = (*self.notes, note)

    told = Told()
    ask("azure", [*TEXTS[:10], "unreadable"], progress=told)
    assert (told.total, told.steps, told.notes) == (11, 11, ("", "1 failed"))
