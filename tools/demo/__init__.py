"""`make demo`: every service of the system as processes of this machine, until Ctrl-C."""
