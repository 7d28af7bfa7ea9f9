"""The frame of every page: main navigation, node, languages, account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language, gettext

from comity.ui.labels import has_label, label

LANGUAGES = (("uk", "УКР", "Українська"), ("ja", "日本語", "日本語"), ("en", "ENG", "English"))
# The account menu: URL name, words, icon. An entry whose URL does not exist is left out.
ACCOUNT_LINKS = (
    ("account", "Your account", "user-round"),
    ("mfa_index", "Second step of signing in", "key-round"),
    ("account_change_password", "Change the password", "lock-keyhole"),
    ("own_entries", "Your entries in the ledger", "book-check"),
    ("exposure", "Distressing items", "eye-off"),
)
LINK_ACTS = {"exposure": "open_item"}  # what an officer must be allowed to follow it
BLANK_SCREEN_ACT = "see_people"


def page(request: HttpRequest) -> dict[str, Any]:
    """Return `nav` and `shell` for the templates of this app (a context processor)."""
    return {"nav": navigation(request), "shell": _shell(request)}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the entries of the main navigation that this officer may follow."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    entries = []
    for name, words, icon, act in getattr(settings, "COMITY_NAV", ()):
        url = address(name)
        if url and (not act or user.may(act)):
            entries.append({"name": name, "url": url, "label": gettext(str(words)), "icon": icon})
    counts = _called("COMITY_NAV_COUNTS", request) or {}
    current = _current(request.path, [entry["url"] for entry in entries])
    return [
        entry | {"current": entry["url"] == current, "count": counts.get(entry["name"], 0)}
        for entry in entries
    ]


def address(name: str) -> str:
    """Return the URL with this name, or an empty string when the node has no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _current(path: str, urls: list[str]) -> str:
    """The longest URL that the path starts with; the root only for itself."""
    inside = [url for url in urls if path == url or (url != "/" and path.startswith(url))]
    return max(inside, key=len, default="")


def _called(setting: str, request: HttpRequest) -> Any:
    where = getattr(settings, setting, "")
    if not where:
        return None
    function: Callable[[HttpRequest], Any] = import_string(where)
    return function(request)


def _shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    language = (get_language() or "en").split("-")[0]
    return {
        "node_name": _node_name(language),
        "training_node": getattr(settings, "COMITY_TRAINING_NODE", False),
        "home_url": address("today") or "/",
        "search_url": address("search") if signed_in else "",
        "own_entries_url": address("own_entries") if signed_in else "",
        "help_url": address("help"),
        "verify_url": address("verify_package"),
        "language_url": address("set_language"),
        "language_stays": not signed_in,
        "languages": [
            {"code": code, "short": short, "name": name, "current": code == language}
            for code, short, name in LANGUAGES
        ],
        "path": _return_path(request),
        "account": _account(user) if signed_in else None,
        "sign_out_url": address("account_logout"),
        "blank_url": address("blank") if signed_in and _may(user, BLANK_SCREEN_ACT) else "",
        "quiet_minutes": getattr(settings, "COMITY_QUIET_MINUTES", 0),
        "door_facts": [] if signed_in else _called("COMITY_DOOR_FACTS", request) or [],
    }


def _return_path(request: HttpRequest) -> str:
    """Where a change of language comes back to: this page, unless only a form could open it."""
    return request.get_full_path()


def _node_name(language: str) -> str:
    names: Mapping[str, str] = getattr(settings, "COMITY_NODE_NAMES", {})
    return names.get(language) or names.get("en", "")


def _may(user: Any, act: str) -> bool:
    return bool(user.may(act))


def _account(user: Any) -> dict[str, Any]:
    """Name and roles as the header shows them, and the pages about oneself."""
    links = [
        {"url": url, "label": gettext(words), "icon": icon}
        for name, words, icon in ACCOUNT_LINKS
        if (url := address(name)) and (name not in LINK_ACTS or _may(user, LINK_ACTS[name]))
    ]
    return {"name": str(user), "role": ", ".join(_roles(user)), "links": links}


def _roles(user: Any) -> list[str]:
    roles = getattr(user, "roles", ())
    codes = roles() if callable(roles) else roles
    known = [code for code in sorted(codes, key=str) if has_label(code, "Role")]
    return [label(code, "Role") for code in known]
