from allauth.account.forms import SignupForm
from django import forms
from django.http import HttpRequest

from accounts.models import User
from accounts.organizations import NAME_LENGTH_MAX

# In the session: what somebody chose before they signed up, as their form says it.
WANTED_KEY = "wanted"
WANTED_LENGTH_MAX = 80


class SignUpForm(SignupForm):
    """E-mail, password and, if they like, what they call themselves.

    The organization itself is made after the address is verified: an address that nobody
    reads leaves nothing behind but an unusable sign-in.
    """

    organization = forms.CharField(
        label="Organization",
        required=False,
        max_length=NAME_LENGTH_MAX,
        help_text="You can also name it later.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    field_order = ["email", "password1", "organization"]

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        user.organization_wanted = self.cleaned_data["organization"].strip()
        user.save(update_fields=["organization_wanted"])
        wanted = request.POST.get("wanted", "")
        if wanted and len(wanted) <= WANTED_LENGTH_MAX:
            request.session[WANTED_KEY] = wanted
