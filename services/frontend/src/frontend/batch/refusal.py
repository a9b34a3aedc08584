"""Why a whole file is refused."""


class FileRefusedError(Exception):
    """A file that cannot be read.

    Attributes:
        reason: key of the message for people, under `batch.refused` in the catalogues.
        values: what the message names, such as the line.
    """

    def __init__(self, reason: str, **values: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values
