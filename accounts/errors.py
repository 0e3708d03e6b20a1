"""What accounts may refuse, each case in words that the person asking can read."""

from servicebilling.lib.errors import DomainError


class AccountsError(DomainError):
    """Base of every refusal of this app."""


class InvalidDetail(AccountsError):
    """A name, time zone, currency, role, scope or value that cannot be used."""

    code = "invalid"
    status = 400


class EmailTaken(AccountsError):
    code = "email_taken"
    message = "There is already a person with this e-mail address."


class NotAMember(AccountsError):
    code = "not_a_member"
    message = "This person is not a member of the organization."


class AlreadyAMember(AccountsError):
    code = "already_a_member"
    message = "This person is already a member of the organization."


class OwnerStays(AccountsError):
    """The owner cannot leave, be removed or be given another role."""

    code = "owner_stays"
    message = "The owner stays until the organization is handed over to another member."


class OnlyTheOwner(AccountsError):
    code = "only_the_owner"
    status = 403
    message = "Only the owner of the organization may do this."


class OrganizationClosed(AccountsError):
    code = "organization_closed"
    message = "This organization is closed."


class NotClosed(AccountsError):
    code = "not_closed"
    message = "Close the organization first; only then can its personal data be erased."


class StillOwns(AccountsError):
    code = "still_owns"
    message = "This person owns an organization. Hand it over or close it first."


class ErasedAlready(AccountsError):
    code = "erased_already"
    message = "The personal data of this organization is erased already."


class InvitationNotFound(AccountsError):
    code = "invitation_not_found"
    status = 404
    message = "This invitation does not exist. Ask for a new one."


class InvitationOver(AccountsError):
    """Expired, withdrawn or already used."""

    code = "invitation_over"
    message = "This invitation is no longer good. Ask for a new one."


class InvitationForSomebodyElse(AccountsError):
    code = "invitation_for_somebody_else"
    status = 403
    message = (
        "This invitation was sent to another e-mail address. Sign in with that address."
    )


class AlreadyInvited(AccountsError):
    code = "already_invited"
    message = "This address has an open invitation. Withdraw it to send a new one."


class SettingUnknown(AccountsError):
    code = "setting_unknown"
    status = 404
    message = "There is no such setting."


class KeyOfAnotherRequest(AccountsError):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key came with another request before. Use a new key."


class KeyInUse(AccountsError):
    code = "idempotency_key_in_use"
    message = "A request with this Idempotency-Key is still running. Ask again shortly."
