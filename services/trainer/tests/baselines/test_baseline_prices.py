import pytest

from trainer.baselines.prices import DOLLARS_PER_EURO, PRICES, cost_of, cost_per_million
from trainer.baselines.service import SERVICES


def test_every_service_has_a_price_with_its_source_and_date():
    assert set(PRICES) == set(SERVICES)
    for price in PRICES.values():
        assert price.source.startswith("https://")
        assert price.as_of.startswith("20")


@pytest.mark.parametrize(
    ("service", "characters", "units"),
    [
        ("azure", 1, 1),
        ("azure", 1_000, 1),
        ("azure", 1_001, 2),
        ("comprehend", 1, 3),
        ("comprehend", 300, 3),
        ("comprehend", 301, 4),
    ],
)
def test_texts_are_charged_in_units_begun(service, characters, units):
    cost = cost_of(service, ["x" * characters] * 2)
    assert (cost.texts, cost.units) == (2, 2 * units)
    assert cost.dollars == pytest.approx(2 * units * PRICES[service].dollars_per_unit)
    assert cost.euros == pytest.approx(cost.dollars / DOLLARS_PER_EURO)


def test_a_million_tweets_in_euros():
    assert cost_per_million("azure") == pytest.approx(1_000 / DOLLARS_PER_EURO)
    assert cost_per_million("comprehend") == pytest.approx(300 / DOLLARS_PER_EURO)


def test_nothing_costs_nothing():
    assert cost_of("azure", []).euros == 0
