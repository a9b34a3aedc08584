"""After an erasure an episode is there still, without what only the erased mentions said."""

from datetime import timedelta

from inference.radar.detection.monitor import Options
from inference.radar.forgetting import forget_words_of_text, tokens_of
from inference.radar.mentions import Mention
from inference.radar.reader import RadarReader
from inference.radar.replay import replay

VIRAL = "late again, says the marmotte"


def test_drivers_are_drawn_anew_without_what_was_erased(
    store, make_recorder, fingerprints, bundle, traffic
):
    usual = traffic()
    surge = usual[0].created_at.replace(hour=10, minute=0) + timedelta(days=3)
    viral = [
        Mention(VIRAL, surge + timedelta(seconds=90 * number), author=f"author {number}")
        for number in range(70)
    ]
    replay([*usual, *viral], bundle, make_recorder())
    reader = RadarReader(store, Options())

    def drivers():
        episode = reader.read(None, None, None).episodes[-1]
        return episode.negatives, {driver.name for driver in episode.drivers}

    negatives, before = drivers()
    assert {"marmotte", "gate"} <= before
    tokens = tokens_of(VIRAL, fingerprints)
    store.run(lambda c: forget_words_of_text(c, fingerprints.of(VIRAL), tokens))
    after = drivers()
    assert after[0] == negatives
    assert "gate" in after[1]
    assert not after[1] & {"marmotte", "says"}
