"""What is told when, and where spending stops."""

from decimal import Decimal, InvalidOperation

from django import forms

from metering.notices.levels import Thresholds

LISTED_MAX = 10


class Figures(forms.CharField):
    """Numbers with commas between them; none is none. `places` is how many decimals each
    may have."""

    def __init__(self, *, highest: int, places: int = 0, **kwargs) -> None:
        self.highest, self.places = highest, places
        mode = "decimal" if places else "numeric"
        attrs = {"inputmode": mode, "autocomplete": "off"}
        widget = forms.TextInput(attrs=attrs)
        super().__init__(required=False, max_length=200, widget=widget, **kwargs)

    def clean(self, value: str) -> tuple[Decimal, ...]:
        said = super().clean(value).replace(";", ",").replace("%", "")
        parts = [part.strip() for part in said.split(",") if part.strip()]
        found = sorted({self._number(part) for part in parts})
        if len(found) > LISTED_MAX:
            raise forms.ValidationError(f"At most {LISTED_MAX} can be kept.")
        return tuple(found)

    def _number(self, part: str) -> Decimal:
        try:
            number = Decimal(part) if part.isascii() else Decimal("NaN")
        except InvalidOperation as error:
            raise forms.ValidationError(f"“{part}” is no number.") from error
        is_bounded = number.is_finite() and 0 < number <= self.highest
        if not is_bounded or -int(number.normalize().as_tuple().exponent) > self.places:
            what = f"with at most {self.places} decimals" if self.places else "whole"
            raise forms.ValidationError(
                f"“{part}” must be {what}, above 0 and at most {self.highest:,}."
            )
        return number.quantize(Decimal(1).scaleb(-self.places))


class ThresholdsForm(forms.Form):
    """When a notice is made. Commas stand between figures, so decimals take a point."""

    percents = Figures(
        label="Percent of the minutes used", highest=100, help_text="Such as 50, 80, 95."
    )
    minutes = Figures(label="Minutes left", highest=1_000_000, help_text="Such as 60, 15.")
    amounts = Figures(
        label="Amount left in the wallet",
        highest=1_000_000,
        places=2,
        help_text="Such as 20, 5.50.",
    )

    @property
    def thresholds(self) -> Thresholds:
        said = self.cleaned_data
        return Thresholds(said["percents"], said["minutes"], said["amounts"])


def written(figures: tuple[Decimal, ...]) -> str:
    """Return figures as the form takes them."""
    return ", ".join(f"{one.normalize():f}" for one in figures)


class CapForm(forms.Form):
    minutes = forms.IntegerField(
        required=False,
        min_value=0,
        label="Overage minutes in a cycle, at most",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
