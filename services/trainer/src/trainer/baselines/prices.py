"""List prices of the services, in one place, and what they make of texts."""

from collections.abc import Sequence
from dataclasses import dataclass

DOLLARS_PER_EURO = 1.10
"""An assumption for comparing costs, not the rate of any day; both services price in dollars."""

LONGEST_TWEET = 280
"""Characters; `cost_per_million` takes every tweet to have as many."""


@dataclass(frozen=True)
class ListPrice:
    """Pay-as-you-go price of one service, without free tier and volume discount.

    Attributes:
        dollars_per_unit: price of a unit in the first tier; later ones cost less.
        characters_per_unit: characters in a unit, the last one begun counted whole.
        least_units: charged for a text however short it is.
        source: the provider's page of the price, which shows it to a browser only.
        as_of: month of the newest quotation of that page that was read; look there before a
            decision hangs on it.
    """

    dollars_per_unit: float
    characters_per_unit: int
    least_units: int
    source: str
    as_of: str

    def units(self, text_characters: int) -> int:
        """Units charged for a text of that many characters."""
        return max(self.least_units, -(-text_characters // self.characters_per_unit))


PRICES = {
    # Standard tier: 1 dollar per 1,000 text records, a record being up to 1,000 characters.
    "azure": ListPrice(
        dollars_per_unit=1 / 1_000,
        characters_per_unit=1_000,
        least_units=1,
        source="https://azure.microsoft.com/pricing/details/language/",
        as_of="2026-04",
    ),
    # Units of 100 characters with a minimum of 3 for each text.
    "comprehend": ListPrice(
        dollars_per_unit=0.0001,
        characters_per_unit=100,
        least_units=3,
        source="https://aws.amazon.com/comprehend/pricing/",
        as_of="2026-09",
    ),
}


@dataclass(frozen=True)
class Cost:
    """What sending some texts costs at list price.

    Attributes:
        texts: how many.
        units: as the service counts them.
        dollars: as the service charges them.
    """

    texts: int
    units: int
    dollars: float

    @property
    def euros(self) -> float:
        """At `DOLLARS_PER_EURO`."""
        return self.dollars / DOLLARS_PER_EURO


def cost_of(service: str, texts: Sequence[str]) -> Cost:
    """Cost of sending each text once.

    Raises:
        KeyError: there is no such service in `PRICES`.
    """
    price = PRICES[service]
    units = sum(price.units(len(text)) for text in texts)
    return Cost(len(texts), units, units * price.dollars_per_unit)


def cost_per_million(service: str) -> float:
    """Euros for a million tweets of 280 characters, at list price and `DOLLARS_PER_EURO`.

    Raises:
        KeyError: there is no such service in `PRICES`.
    """
    price = PRICES[service]
    return 1_000_000 * price.units(LONGEST_TWEET) * price.dollars_per_unit / DOLLARS_PER_EURO
