"""Taking an account into the vault, and sharing its items with a case."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import BinaryIO, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch, officer_of
from comity.cases.models import Case
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.evidence.models import Item
from comity.hub import actions
from comity.hub.forms import NewAccountForm, ShareForm
from comity.hub.models import AccountItem, Person
from comity.hub.rules import AccountForm, Scope
from comity.ui.labels import label
from comity.vault import arrivals, resumable

File = tuple[BinaryIO, str, str]  # its bytes, its name and its type as stated
# Kinds of evidence_types.yaml for what is typed in, by the form of the account.
STATEMENT_KINDS = {
    AccountForm.FIRST_ACCOUNT: "first-account",
    AccountForm.NGO_ACCOUNT: "first-account",
    AccountForm.EXPLANATION: "witness-statement",
    AccountForm.INTERVIEW_CPC_224: "witness-statement",
    AccountForm.DEPOSITION_CPC_225: "witness-statement",
}


def _crumbs(found: Person, here: str) -> list[tuple[str, str | None]]:
    return [
        (_("People"), reverse("people")),
        (found.code, reverse("person", args=[found.pk])),
        (here, None),
    ]


@never_cache
@login_required
def account_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what was told, or take the files that were handed over."""
    actor = officer_of(request)
    found = fetch(Person.objects.visible_to(actor), pk=pk)
    require(actor, Act.ADD_ITEM)
    form = NewAccountForm(request.POST or None, request.FILES or None)
    if request.META.get("comity.upload_stopped"):
        form.add_error(None, label("hub.upload_stopped"))
    if form.is_valid():
        fields = form.cleaned_data
        once = found.accounts.filter(uid=fields["once"])
        if once.exists():
            return redirect("person", pk=pk)
        try:
            _take(actor, found, form)
        except Refused as refusal:
            if once.exists():  # the same form, sent meanwhile
                return redirect("person", pk=pk)
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The account is in the vault. Only the team sees it."))
            return redirect("person", pk=pk)
    accounts.record_look(actor, found.subject, part="account")
    shown = {
        "person": found,
        "form": form,
        "pieces": arrivals.pieces(actor, getattr(form, "cleaned_data", {}).get("upload") or ()),
        "crumbs": _crumbs(found, _("Account")),
        "nav_current": "people",
    }
    return render(request, "hub/account_new.html", shown)


def _take(actor: Officer, found: Person, form: NewAccountForm) -> None:
    """Take in the text and the files; those that came in pieces are let go of afterwards."""
    fields = form.cleaned_data
    rows = arrivals.all_arrived(actor, fields["upload"])
    with ExitStack() as opened:
        files = [_from_form(file) for file in fields["uploads"]]
        for row in rows:
            source = opened.enter_context(arrivals.opened(actor, row))
            files.append((source, *arrivals.stated(row)))
        actions.take_accounts(
            actor,
            found,
            [*_told(form, found), *_handed_over(form, found, files)],
            form=AccountForm(fields["form"]),
            taken_at=form.moment,
            place=fields["place"],
            video_recorded=fields["video_recorded"],
            once=fields["once"],
        )
    resumable.end_uploads(rows)


def _told(form: NewAccountForm, found: Person) -> list[actions.Handed]:
    """The text as it goes into the vault. Titles say the code: whoever is shared with reads it."""
    if not form.statement:
        return []
    fields = form.cleaned_data
    return [
        actions.Handed(
            io.BytesIO(form.statement),
            scope=Scope(fields["text_scope"]),
            title=_("%(form)s, %(code)s")
            % {"form": label(fields["form"], "AccountForm"), "code": found.code},
            kind=STATEMENT_KINDS[AccountForm(fields["form"])],
            original_name=f"{found.code}.txt",
            declared_type="text/plain",
        )
    ]


def _handed_over(
    form: NewAccountForm, found: Person, files: Sequence[File]
) -> Iterator[actions.Handed]:
    fields = form.cleaned_data
    for number, (source, name, declared) in enumerate(files, start=1):
        yield actions.Handed(
            source,
            scope=Scope(fields["uploads_scope"]),
            title=_("File %(number)s handed over, %(code)s")
            % {"number": number, "code": found.code},
            kind=fields["uploads_kind"],
            original_name=name,
            declared_type=declared,
        )


def _from_form(file: UploadedFile[bytes]) -> File:
    file.seek(0)
    return cast("BinaryIO", file.file), file.name or "", file.content_type or ""


@never_cache
@login_required
def item_share(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """Let the team of a case see an item of the person, by the number of the case."""
    actor = officer_of(request)
    found = fetch(Person.objects.visible_to(actor), pk=pk)
    hers = AccountItem.objects.filter(account__person=found)
    given = fetch(Item.objects.visible_to(actor).filter(pk__in=hers.values("item")), pk=item)
    require(actor, Act.SHARE_ACCOUNT)
    form = ShareForm(request.POST or None)
    if form.is_valid():
        try:
            case = _case_numbered(form.cleaned_data["case_number"])
            actions.share_account(actor, found, given, case)
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The team of the case can open the item now."))
            return redirect("person", pk=pk)
    accounts.record_look(actor, found.subject, part="share")
    accounts.record_look(actor, given.subject, part="item")
    shown = {
        "person": found,
        "item": given,
        "form": form,
        "crumbs": _crumbs(found, _("Share")),
        "nav_current": "people",
    }
    return render(request, "hub/share.html", shown)


def _case_numbered(number: str) -> Case:
    """The case with this number. A coordinator sees no case: nothing of it but its number shows."""
    case = Case.objects.filter(number=number).first()
    if case is None:
        raise Refused("hub.no_such_case")
    return case
