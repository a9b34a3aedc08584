"""What an event says of the text: the language that its prediction was kept with."""

import uuid

import pytest
from sqlalchemy import update

from inference.store.tables import PREDICTIONS

TEXTS = {
    "the crew was late and it is not what I had in mind": "en",
    "je suis en retard et le vol n'est pas là": "fr",
    "lovely crew": "",
}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_an_event_has_the_language_that_was_kept(serve_app, insights, until, rows, store_url):
    def languages():
        told = [event["properties"] for event in insights.events()]
        return {one["prediction_id"]: one.get("language", "") for one in told}

    with serve_app(
        database_url=store_url,
        applicationinsights_connection_string=insights.connection_string,
        otel_traces_sampler="always_off",
    ) as client:
        expected = {}
        for text, language in TEXTS.items():
            made = client.post("/v1/predict", json={"text": text}).json()["id"]
            expected[made] = language
        old = client.post("/v1/predict", json={"text": next(iter(TEXTS))}).json()["id"]
        with rows.begin() as connection:  # as it was kept before there was the column
            of_old = PREDICTIONS.c.id == uuid.UUID(old)
            connection.execute(update(PREDICTIONS).where(of_old).values(language=None))
        expected[old] = ""
        for made in expected:
            verdict = {"prediction_id": made, "verdict": "confirmed"}
            assert client.post("/v1/feedback", json=verdict).status_code == 200
        known = {"text": "il y a du retard et je ne suis pas là", "true_label": "negative"}
        expected[client.post("/v1/predict", json=known).json()["id"]] = "fr"
        until(lambda: len(languages()) == len(expected), "an event of each verdict")
    assert languages() == expected
