"""Pages that use every component once; people, places and numbers are invented."""

from datetime import UTC, datetime, timedelta

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from comity.core.errors import Incomplete
from comity.ui.forms import DateField
from comity.ui.labels import label

NOW = datetime(2026, 11, 24, 7, 45, tzinfo=UTC)
DIGEST = "7c1e94b05d2a" + "0f" * 26


class ConsentForm(forms.Form):
    recipient = forms.ChoiceField(
        label="Recipient", choices=[("", "–"), ("moj", "Ministry of Justice, Japan")]
    )
    answer = forms.ChoiceField(
        label="Her answer",
        help_text="Nothing is ticked beforehand.",
        widget=forms.RadioSelect,
        choices=[("agreed", "Agreed"), ("part", "In part"), ("no", "Not agreed")],
    )
    may_go = forms.MultipleChoiceField(
        label="What may go",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("contact", "Contact"), ("statement", "Full statement")],
    )
    asked_on = DateField(label="Asked on", help_text="For example, 24 11 2026.")
    until = DateField(label="Until", required=False)
    words = forms.CharField(label="Her own words", max_length=200, widget=forms.Textarea)
    sheet = forms.FileField(label="Signed sheet", required=False)
    copies = forms.IntegerField(
        label="Copies", widget=forms.NumberInput(attrs={"class": "govuk-input--width-4"})
    )
    understood = forms.BooleanField(label="She has understood that help does not depend on it")


class Row:
    """The rows of a worklist may be objects."""

    icon, title, url, tone = "gavel", "Motion for a deposition, P-2077", "#m", "note"
    sub, clock, basis, verb = "Leaves on 3 December", "27 Nov", "CPC art. 225", "Draft"


def gallery(request):
    return render(
        request,
        "gallery.html",
        {
            "now": NOW,
            "digest_hex": DIGEST,
            "page_obj": Paginator(range(200), 10).get_page(request.GET.get("page", 4)),
            "rows": [
                {
                    "icon": "file-clock",
                    "title": "Protocol of the site inspection",
                    "url": "#x",
                    "sub": "Case 2211/24 · 38 photographs · draft by M. Tkach",
                    "clock": "4 h left",
                    "tone": "urgent",
                    "clock_icon": "clock-alert",
                    "basis": "72 h · CPC art. 615(1)(1)",
                    "verb": "Sign",
                    "do_url": "#do",
                    "primary": True,
                },
                Row(),
                {"title": "No clock, no verb", "url": "#n"},
            ],
            "events": [
                {"when": "now", "text": "Translation, S. Abe", "state": "now"},
                {
                    "at": NOW,
                    "text": "Tokyo opened letter L-0118",
                    "url": "#l",
                    "note": "Receipt E4",
                    "verified": True,
                    "state": "done",
                },
                {"at": NOW - timedelta(days=4), "style": "day", "text": "Late", "state": "late"},
            ],
            "numbers": [
                {
                    "number": 5,
                    "label": "Legal clocks under 24 hours",
                    "note": "2 without an owner",
                    "url": "#f",
                    "tone": "urgent",
                    "icon": "clock-alert",
                },
                {"number": "94 %", "label": "Calls answered the same day", "url": "#g"},
            ],
            "heads": [("uk", "authentic text"), ("ja", "one paragraph is stale"), ("en", "draft")],
            "parallel_rows": [
                [
                    ("1. Школу обстріляно.", False),
                    ("１　学校が砲撃を受けた。", True),
                    ("1. The school was shelled.", False),
                ]
            ],
        },
    )


def person(request):
    tags = [
        ("note", "Victim, CPC art. 55", "scale"),
        ("caution", "Hard of hearing", "accessibility"),
        ("sealed", "Address sealed"),
    ]
    facts = [
        ("Age band", "55–64"),
        ("Case", "2211/24", "/letters/"),
        ("Safe to call", "Tue–Fri, 14:00–17:00"),
    ]
    return render(
        request,
        "person.html",
        {
            "tags": tags,
            "facts": facts,
            "crumbs": [("People", "/people/"), ("P-2041", None)],
            "tabs": [
                {"url": "#o", "label": "Overview", "current": True},
                {"url": "#c", "label": "Consent", "count": 9},
            ],
            "lines": [
                {"state": "ok", "text": "Facts, offence, law text"},
                {"state": "gate", "id": "whynot", "text": "Approval is closed until both open"},
                {
                    "state": "stop",
                    "text": "Japanese translation certified",
                    "action": "Ask",
                    "url": "#ask",
                    "source": "CPC art. 548(4)",
                    "sure": "read",
                },
                {"state": "wait", "text": "Post the paper original", "side": "within 3 days"},
            ],
            "stages": [
                {"label": "Draft", "note": "14 Nov", "state": "done"},
                {"label": "Translation", "note": "due 27 Nov", "state": "now"},
                {"label": "Executed"},
            ],
        },
    )


def form(request):
    filled = ConsentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and filled.is_valid():
        messages.success(request, _("Consent recorded."))
        messages.info(request, "Her sheet is ready to print.")
        messages.error(request, label(Incomplete("letter.incomplete", missing=["purpose"])))
        return redirect("cases")
    return render(request, "form.html", {"form": filled})
