"""The exception whose message is written for the user."""


class UserError(Exception):
    """One clear sentence for the user: which file, what is wrong, what to do.

    Scripts and the command line print it without a traceback and exit with status 1.
    """
