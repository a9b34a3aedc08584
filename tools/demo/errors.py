"""How a demonstration ends before its time."""


class DemoError(Exception):
    """Something the user can mend; the message says what and how, and is printed as it is."""


class StopRequestedError(Exception):
    """The user asked for the end.

    Attributes:
        signum: number of the signal that asked.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"signal {signum}")
        self.signum = signum
