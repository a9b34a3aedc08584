"""The official SDKs against local servers that behave as documented, well and badly."""

import boto3
import pytest

from trainer.baselines.azure_language import AzureLanguage
from trainer.baselines.comprehend import Comprehend
from trainer.baselines.service import Answer, BaselineError, Failure, Patience, connect

PATIENCE = Patience(attempts=3, connect_seconds=1.0, read_seconds=0.4)
AZURE_BUSY = {"error": {"code": "429", "message": "Please retry after 1 second."}}
AWS_BUSY = {"__type": "ThrottlingException", "message": "Rate exceeded"}
THREE_REPLIES = ["negative", "positive", "mixed"]


@pytest.fixture
def language(azure):
    """A function that asks Azure, with little patience."""
    service = AzureLanguage(azure.url, "azure-key-of-the-test", PATIENCE)
    return lambda *texts: service.ask(texts, "fr")


@pytest.fixture
def detect(comprehend):
    """A function that asks Comprehend, with little patience."""
    service = Comprehend(boto3.Session(region_name="eu-west-1"), PATIENCE)
    return lambda *texts: service.ask(texts, "fr")


def sentiments(replies):
    return [getattr(reply, "sentiment", reply) for reply in replies]


def test_azure_answers_in_order_and_keeps_failures_apart(azure, language):
    replies = language("negative", "unreadable", "positive été ✈", "mixed")
    assert replies == [
        Answer("negative", 0.9, 0.07, 0.03, "2026-01-01"),
        Failure("InvalidDocument"),
        Answer("positive", 0.02, 0.08, 0.9, "2026-01-01"),
        Answer("mixed", 0.5, 0.1, 0.4, "2026-01-01"),
    ]
    _, _, body = azure.requests[0]
    assert body["analysisInput"]["documents"][2] == {
        "id": "2",
        "language": "fr",
        "text": "positive été ✈",
    }
    assert body["parameters"]["loggingOptOut"] is True


def test_comprehend_answers_in_order_and_keeps_failures_apart(comprehend, detect):
    replies = detect("negative", "unreadable", "positive été ✈", "mixed")
    assert replies == [
        Answer("negative", 0.9, 0.07, 0.03),
        Failure("INTERNAL_SERVER_ERROR"),
        Answer("positive", 0.02, 0.08, 0.9),
        Answer("mixed", 0.5, 0.1, 0.4),
    ]
    _, _, body = comprehend.requests[0]
    assert body["LanguageCode"] == "fr"


def test_azure_is_asked_again_when_it_says_to(azure, language):
    azure.script = [(429, {"Retry-After": "1"}, AZURE_BUSY), (503, {}, b"down")]
    assert sentiments(language(*THREE_REPLIES)) == THREE_REPLIES
    assert len(azure.requests) == 3
    assert azure.times[1] - azure.times[0] >= 1.0


def test_azure_is_asked_again_after_429_without_a_time(azure, language):
    azure.script = [(429, {}, AZURE_BUSY)]
    assert sentiments(language(*THREE_REPLIES)) == THREE_REPLIES


def test_comprehend_is_asked_again_when_it_says_to(comprehend, detect):
    comprehend.script = [
        (400, {"x-amz-retry-after": "1200"}, AWS_BUSY),
        (500, {}, {"__type": "InternalServerException", "Message": "sorry"}),
    ]
    assert sentiments(detect(*THREE_REPLIES)) == THREE_REPLIES
    assert len(comprehend.requests) == 3
    assert comprehend.times[1] - comprehend.times[0] >= 1.2


def test_a_slow_answer_is_asked_for_again(azure, language, comprehend, detect):
    azure.script, comprehend.script = [0.8], [0.8]
    assert sentiments(language("positive")) == ["positive"]
    assert sentiments(detect("positive")) == ["positive"]
    assert (len(azure.requests), len(comprehend.requests)) == (2, 2)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("step", "reason", "requests"),
    [
        ((429, {"Retry-After": "0"}, AZURE_BUSY), "answered 429 to 3 attempts: try later", 3),
        ((503, {}, b"down"), "answered 503 to 3 attempts: try later", 3),
        ((403, {}, {"error": {"code": "403", "message": "no"}}), "refused the key.*_KEY", 1),
        ((404, {}, {"error": {"code": "404", "message": "no"}}), "check AZURE_LANGUAGE_END", 1),
        ((200, {}, b'{"results":'), "answered what is not JSON", 3),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "answered what cannot be read", 1),
        ((200, {}, {}), "answered what cannot be read", 1),
        ((200, {}, []), "answered what cannot be read", 1),
    ],
)
def test_azure_ends_the_run_in_one_line(azure, language, step, reason, requests):
    azure.script = [step] * 9
    with pytest.raises(BaselineError, match=reason) as caught:
        language("positive")
    assert "\n" not in str(caught.value)
    assert azure.url in str(caught.value)
    assert len(azure.requests) == requests


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("step", "reason", "requests"),
    [
        ((400, {}, AWS_BUSY), "ThrottlingException.* to 3 attempts: try later", 3),
        ((503, {}, b"down"), "answered 503", 3),
        (
            (400, {}, {"__type": "ExpiredTokenException", "message": "no"}),
            "refused the credentials .ExpiredTokenException.: check AWS_ACCESS_KEY_ID",
            1,
        ),
        ((403, {}, {"__type": "Other", "message": "no"}), "refused the credentials", 1),
        ((200, {}, b'{"ResultList":'), "answered what cannot be read", 1),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "answered what cannot be read", 1),
        ((200, {}, {}), "answered what cannot be read", 1),
        ((200, {}, []), "answered what cannot be read", 1),
    ],
)
def test_comprehend_ends_the_run_in_one_line(comprehend, detect, step, reason, requests):
    comprehend.script = [step] * 9
    with pytest.raises(BaselineError, match=reason) as caught:
        detect("positive")
    assert "\n" not in str(caught.value)
    assert len(comprehend.requests) == requests


def test_a_wrong_key_is_named(azure, comprehend, monkeypatch):
    monkeypatch.setenv("AZURE_LANGUAGE_KEY", "another")
    with pytest.raises(BaselineError, match="refused the key: check AZURE_LANGUAGE_KEY"):
        connect("azure").ask(["positive"], "en")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    with pytest.raises(BaselineError, match=r"UnrecognizedClientException.*AWS_ACCESS_KEY_ID"):
        connect("comprehend").ask(["positive"], "en")


@pytest.mark.usefixtures("no_pauses")
def test_a_service_out_of_reach_is_named(azure, comprehend, monkeypatch):
    service = AzureLanguage("http://127.0.0.1:1", "key", PATIENCE)
    with pytest.raises(BaselineError, match=r"127.0.0.1:1 cannot be reached"):
        service.ask(["positive"], "en")
    monkeypatch.setenv("AWS_ENDPOINT_URL_COMPREHEND", "http://127.0.0.1:1")
    with pytest.raises(BaselineError, match="Could not connect to the endpoint"):
        Comprehend(boto3.Session(region_name="eu-west-1"), PATIENCE).ask(["positive"], "en")


@pytest.mark.usefixtures("no_pauses")
def test_a_service_that_never_answers_is_named(azure, language, comprehend, detect):
    azure.script, comprehend.script = [0.8] * 3, [0.8] * 3
    with pytest.raises(BaselineError, match="did not answer 3 attempts in time"):
        language("positive")
    with pytest.raises(BaselineError, match="Read timeout"):
        detect("positive")


def test_a_refused_request_is_a_failure_of_each_of_its_texts(azure, language, comprehend, detect):
    assert language(*["x"] * 11) == [Failure("InvalidDocumentBatch")] * 11
    assert detect(*["x"] * 26) == [Failure("BatchSizeLimitExceededException")] * 26
    assert detect("x", "y" * 5_001) == [Failure("TextSizeLimitExceededException")] * 2


def test_a_text_left_out_of_the_answer_is_a_failure(azure, language, comprehend, detect):
    results = {"documents": [], "errors": [], "modelVersion": "1"}
    azure.script = [(200, {}, {"kind": "SentimentAnalysisResults", "results": results})]
    comprehend.script = [(200, {}, {"ResultList": [], "ErrorList": []})]
    assert language("positive") == detect("positive") == [Failure("missing")]


@pytest.mark.parametrize(
    "scores",
    [
        {"Negative": 0.0, "Neutral": 0.0, "Positive": 1.2},
        {"Negative": 0.0, "Neutral": 0.0},
    ],
)
def test_scores_that_are_none_end_the_run(comprehend, detect, scores):
    item = {"Index": 0, "Sentiment": "POSITIVE", "SentimentScore": scores}
    comprehend.script = [(200, {}, {"ResultList": [item], "ErrorList": []})]
    with pytest.raises(BaselineError, match="cannot be read"):
        detect("positive")


def test_an_unknown_sentiment_ends_the_run(comprehend, detect):
    scores = {"Negative": 0.1, "Neutral": 0.2, "Positive": 0.7}
    item = {"Index": 0, "Sentiment": "HAPPY", "SentimentScore": scores}
    comprehend.script = [(200, {}, {"ResultList": [item], "ErrorList": []})]
    with pytest.raises(BaselineError, match="unknown sentiment 'HAPPY'"):
        detect("positive")


def test_texts_beyond_the_limits_are_known_beforehand(azure, comprehend):
    language, detect = connect("azure"), connect("comprehend")
    assert language.texts_per_request == 10
    assert language.refusal("é" * 5_120, "en") is None
    assert language.refusal("é" * 5_121, "en") == Failure("too-long")
    assert detect.texts_per_request == 25
    assert detect.refusal("é" * 2_500, "en") is None
    assert detect.refusal("é" * 2_501, "en") == Failure("too-long")
    assert language.refusal(" \n", "en") == detect.refusal("", "en") == Failure("empty")
    with pytest.raises(BaselineError, match="does not read 'sv': give a --language of ar, de"):
        detect.refusal("hej", "sv")
    assert azure.requests == comprehend.requests == []
