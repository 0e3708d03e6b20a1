class CannotStart(Exception):
    """The site cannot start; the message tells the reader what to do."""
