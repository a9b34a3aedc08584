"""What a million tweets cost: on a machine of one's own, and with the cloud services."""

from dataclasses import dataclass

from trainer.baselines.prices import DOLLARS_PER_EURO, PRICES, cost_per_million
from trainer.errors import TrainerError

SECONDS_PER_HOUR = 3_600
TWEETS = 1_000_000


@dataclass(frozen=True)
class Machine:
    """A machine that models would serve on.

    Attributes:
        name: what it is.
        euros_per_hour: its price.
        source: where the price is from, and of when.
    """

    name: str
    euros_per_hour: float
    source: str

    def cost_per_million(self, tweets_per_second: float) -> float:
        """Euros for a million tweets: price per second, times the seconds that they take.

        It is the price of a machine that is never idle, at the speed measured here: on a faster
        machine it is less, and more where the machine waits for tweets.
        """
        return self.euros_per_hour / SECONDS_PER_HOUR * TWEETS / tweets_per_second


DEFAULT_MACHINE = Machine(
    name="Azure Standard_D2as_v5, 2 vCPU, 8 GiB, Linux, West Europe",
    euros_per_hour=0.104 / DOLLARS_PER_EURO,
    source=(
        "0.104 dollars pay-as-you-go, in the Azure Retail Prices API "
        f"(https://prices.azure.com/api/retail/prices) since 2021-11-01; at {DOLLARS_PER_EURO:.2f} "
        "dollars a euro"
    ),
)
"""A machine as large as those the results were measured on."""


def chosen_machine(name: str | None, euros_per_hour: float | None) -> Machine:
    """The machine that the user names and prices, else the default one.

    Raises:
        TrainerError: one of the two is missing, or the price is not above zero.
    """
    if name is None and euros_per_hour is None:
        return DEFAULT_MACHINE
    if name is None or euros_per_hour is None:
        raise TrainerError("--machine-name and --machine-price belong together: give both")
    if not euros_per_hour > 0:
        raise TrainerError(f"--machine-price is {euros_per_hour:g}: give euros per hour above 0")
    return Machine(name, euros_per_hour, "as given")


@dataclass(frozen=True)
class ServiceCost:
    """List price of a cloud service for a million tweets, with its source."""

    service: str
    euros_per_million: float
    source: str


def service_costs() -> list[ServiceCost]:
    """Every cloud service there is a list price of."""
    return [
        ServiceCost(service, cost_per_million(service), f"{price.source} ({price.as_of})")
        for service, price in PRICES.items()
    ]
