"""What can be wrong with a bulk scoring, in one line for the person who asked for it."""


class BulkError(Exception):
    """The scoring cannot begin or go on; the message says why and how to mend it."""


class DamagedInputError(BulkError):
    """One input file cannot be read, or not to its end.

    Attributes:
        address: the file.
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{address} {reason}")
        self.address = address
        self.reason = reason

    def __reduce__(self) -> tuple[type["DamagedInputError"], tuple[str, str]]:
        # The default passes the message alone, and it has to get through from Ray's workers.
        return type(self), (self.address, self.reason)
