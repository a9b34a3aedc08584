"""What ends the command before its work is done."""


class CommandError(Exception):
    """Something that the user can mend; the message is one line that says how."""
