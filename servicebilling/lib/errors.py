"""The base of every refusal that a caller may cause and is told about in words."""


class DomainError(Exception):
    """What was asked cannot be done. Expected, so it is answered and never pages anyone.

    Each app has one base under this, and a class per business case. `code` is for programs,
    the message for people; `status` is the HTTP status of an answer that carries it.
    """

    code = "refused"
    status = 409
    message = "This cannot be done."

    def __init__(self, message: str = "") -> None:
        self.message = message or self.message
        super().__init__(self.message)
