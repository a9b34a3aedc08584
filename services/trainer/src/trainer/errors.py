"""Failures a user of the command line can mend; the command prints them as one line."""


class TrainerError(Exception):
    """Something the user gave cannot be used; the message says what and how to mend it."""


class DataError(TrainerError):
    """A data source that cannot be read, or that leaves too little to train on."""


class AdditionError(DataError):
    """A further file that must not be trained on; the base data are sound."""


class UnavailableError(TrainerError):
    """A server that does not answer, or not now: the same may succeed later."""


class ExportError(TrainerError):
    """A trained model that cannot become a bundle.

    Attributes:
        check: stable name of the check that failed.
    """

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"export refused by the {check!r} check: {message}")
        self.check = check
