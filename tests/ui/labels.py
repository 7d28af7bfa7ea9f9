"""Words that an app would bring."""

from django.utils.translation import gettext_lazy as _

LABELS = {
    "LetterState.draft": _("Draft"),
    "letter.incomplete": _("Before sending, write these: {missing}."),
    "purpose": _("the purpose"),
}
TONES = {"LetterState.draft": ("note", "pencil")}
