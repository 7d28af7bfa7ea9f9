"""Deployment mistakes as system checks with stable ids; `comity check` and every start run them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DatabaseError
from django.utils import timezone
from django.utils.module_loading import import_string

from comity.core import certificates
from comity.core.errors import Untrusted
from comity.evidence import sandbox
from comity.exchange.models import Partner
from comity.ledger import actions as ledger
from comity.ledger import headlock
from comity.vault import actions as vault
from comity.vault import replicas

CERTIFICATES = ("ca.pem", "seal.pem", "tls.pem", "tls-client.pem")
COPIED_WITHIN = timedelta(days=1)
CHECKED_LATE = timedelta(days=7)
WARN_BEFORE_END = timedelta(days=90)
NEEDED_KEYS = (
    "seal.key",
    "seal.pem",
    "ledger.key",
    "http.key",
    "vault-root.key",
    "person-root.key",
)


@register()
def keys_are_there(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.E001, E002: the node's keys exist and only its own account reads them."""
    folder = Path(settings.COMITY_KEYS)
    if not folder.exists():  # a node not made yet: `comity init` makes it
        return []
    missing = [name for name in NEEDED_KEYS if not (folder / name).exists()]
    found: list[CheckMessage] = []
    if missing:
        found.append(
            Error(
                f"Keys are missing: {', '.join(missing)}.",
                hint="Restore them from the key backup; do not make new ones for an old vault.",
                id="comity.E001",
            )
        )
    open_files = [
        name for name in NEEDED_KEYS
        if name.endswith(".key") and (folder / name).exists()
        and (folder / name).stat().st_mode & 0o077
    ]  # fmt: skip
    if open_files:
        found.append(
            Error(
                f"Other accounts of this machine can read: {', '.join(open_files)}.",
                hint="chmod 600 the files in the keys folder.",
                id="comity.E002",
            )
        )
    return found


@register()
def messages_have_handlers(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.E003: every message type a partner may send leads to a function."""
    found: list[CheckMessage] = []
    for message_type, path in settings.MESSAGE_HANDLERS.items():
        try:
            import_string(path)
        except ImportError:
            found.append(
                Error(
                    f"The handler of {message_type} cannot be imported: {path}.", id="comity.E003"
                )
            )
    return found


@register()
def time_can_be_proved(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.W001, E004: a time-stamp authority is configured, and its root can be read."""
    if not settings.COMITY_TSA_URLS:
        return [
            Warning(
                "No time-stamp authority: times are this machine's clock only.",
                hint="Set COMITY_TSA_URLS and COMITY_TSA_ROOTS.",
                id="comity.W001",
            )
        ]
    if not 1 <= settings.COMITY_TSA_NEEDED <= len(settings.COMITY_TSA_URLS):
        return [
            Error(
                "More time-stamps are wanted than authorities are configured.",
                hint="COMITY_TSA_NEEDED lies between 1 and the number of COMITY_TSA_URLS.",
                id="comity.E008",
            )
        ]
    unread = [str(path) for path in settings.COMITY_TSA_ROOTS if not path.is_file()]
    if unread or not settings.COMITY_TSA_ROOTS:
        return [
            Error(
                "The root certificate of the time-stamp authority cannot be read.",
                hint="COMITY_TSA_ROOTS lists PEM files.",
                id="comity.E004",
            )
        ]
    return []


@register()
def there_is_room(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.W002: the vault's disk has more than its reserve."""
    folder = Path(settings.COMITY_VAULT)
    if folder.exists() and shutil.disk_usage(folder).free < settings.COMITY_RESERVED_DISK_BYTES:
        return [
            Warning("The vault's disk is nearly full: new files will be refused.", id="comity.W002")
        ]
    return []


@register()
def pages_are_protected(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.W003: pages leave the machine under TLS only."""
    url = settings.COMITY_PAGES_URL
    local = url.startswith(("http://localhost", "http://127.0.0.1"))
    if url.startswith("https://") or local:
        return []
    return [
        Warning(
            "Pages are served without TLS beyond this machine.",
            hint="Put COMITY_PAGES_URL on https:// behind a proxy that ends TLS.",
            id="comity.W003",
        )
    ]


@register()
def the_proxy_is_known(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.W004: behind a proxy, limits by address need the address of the officer."""
    if not settings.COMITY_PAGES_URL.startswith("https://") or settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        return []
    return [
        Warning(
            "Every officer seems to come from the proxy's address: ten wrong passwords of anybody "
            "shut the door for all of them.",
            hint="Have the proxy set X-Forwarded-For and X-Forwarded-Proto itself, then set "
            "COMITY_TRUSTED_PROXY_COUNT to the number of proxies in front of the pages.",
            id="comity.W004",
        )
    ]


def watched_folders_are_read(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[CheckMessage]:
    """comity.E006, W006: the setting of watched folders can be read, and so can each folder.

    Only `comity check` registers it, since it asks the database for the officers.
    """
    # Here, since the listener for partners has no officers to import and runs the other checks.
    from comity.evidence import watching

    hint = "docs/operate/settings.md says what COMITY_WATCHED_FOLDERS holds."
    try:
        stated = watching.folders()
    except ValueError as fault:
        return [Error(f"COMITY_WATCHED_FOLDERS: {fault}.", hint=hint, id="comity.E006")]
    try:
        return [
            Warning(f"Watched folder {number} {why}.", hint=hint, id="comity.W006")
            for number, why in watching.problems(stated)
        ]
    except DatabaseError:  # not migrated yet, or away: what needs it says so itself
        return []


@register()
def tools_are_held_in(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.W007: foreign tools look at evidence in a sandbox, with all that it holds off."""
    held = sandbox.how()
    if held == sandbox.BWRAP and sandbox.has_filter():
        return []
    if held == sandbox.BWRAP:
        words = "Tools are held in, but their system calls are not filtered on this machine."
    elif held == sandbox.LIMITS:
        words = "Tools that read evidence are held by limits alone: they reach network and files."
    else:
        words = "No sandbox: items are taken in, but no tool looks at them."
    return [
        Warning(
            words,
            hint="Install bubblewrap and allow user namespaces; docs/operate/looking.md.",
            id="comity.W007",
        )
    ]


def time_is_stamped(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.W010: the ledger's newest state does not wait too long for its time-stamps.

    Only `comity check` registers it: intake goes on without them.
    """
    try:
        since = ledger.stamps_late()
    except DatabaseError:  # not migrated yet, or away: what needs it says so itself
        return []
    if since is None:
        return []
    return [
        Warning(
            f"The ledger has waited for its time-stamps since {since:%Y-%m-%d %H:%M} UTC.",
            hint="Do the authorities of COMITY_TSA_URLS answer, and does the worker run?",
            id="comity.W010",
        )
    ]


def copies_are_made(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.W009: the replica or the object store has what it should. Only for `comity check`."""
    try:
        missing = vault.uncopied(COPIED_WITHIN)
        damaged, unseen = replicas.damaged_copies(), replicas.copies_to_check(CHECKED_LATE)
    except (DatabaseError, OSError):
        return []
    said = [
        (missing, "stored files have waited a day for their copy.", "vault_replicate"),
        (damaged, "copies in the replica are damaged, nothing mends them.", "vault_scrub"),
        (unseen, "copies have waited a week to be re-hashed.", "vault_scrub --replica"),
    ]
    return [
        Warning(
            f"{count} {words}",
            hint=f"Does the store answer? `comity {command}` says why not.",
            id="comity.W009",
        )
        for count, words, command in said
        if count
    ]


def ledger_goes_on(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.E007, W008: the ledger is the one signed last, or its growth; somebody can tell.

    Only `comity check` registers it, as `certificates_last`.
    """
    try:
        found, size = ledger.head_trouble(), ledger.size()
    except (DatabaseError, OSError):  # not migrated yet, away, or no keys: others say so
        return []
    hint = 'docs/operate/backup.md, "An old database", says what to do.'
    if found:
        words = (
            f"Nothing is signed: {found.code}, {found.size} entries, {found.locked_size} signed."
        )
        return [Error(words, hint=hint, id="comity.E007")]
    if size and headlock.read() is None:
        words = "head.lock is missing: nobody can tell whether this ledger is the one signed last."
        return [Warning(words, hint=hint, id="comity.W008")]
    return []


def certificates_last(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """comity.W005, E005: certificates of this node and of active partners, and when they end.

    Only `comity check` registers it: an ended certificate must not keep the node from starting.
    """
    now = timezone.now()
    found: list[CheckMessage] = []
    for name, pem in [*_own_certificates(), *_certificates_of_partners()]:
        try:
            end = certificates.load_certificate(pem).not_valid_after_utc
        except Untrusted:
            found.append(Error(f"The certificate {name} cannot be read.", id="comity.E005"))
            continue
        hint = 'docs/operate/partners.md, "When certificates end", says what to do.'
        if end <= now:
            words = f"The certificate {name} ended on {end:%Y-%m-%d}."
            found.append(Error(words, hint=hint, id="comity.E005"))
        elif end - now <= WARN_BEFORE_END:
            words = f"The certificate {name} ends on {end:%Y-%m-%d}."
            found.append(Warning(words, hint=hint, id="comity.W005"))
    return found


def _own_certificates() -> Iterator[tuple[str, bytes]]:
    for name in CERTIFICATES:
        path = Path(settings.COMITY_KEYS) / name
        if path.is_file():
            yield name, path.read_bytes()


def _certificates_of_partners() -> list[tuple[str, bytes]]:
    try:
        partners = list(Partner.objects.active().order_by("node_id"))
    except DatabaseError:  # not migrated yet, or away: what needs it says so itself
        return []
    found: list[tuple[str, bytes]] = []
    for partner in partners:
        try:
            confirmed = partner.described()
        except Untrusted:
            found.append((f"of {partner.node_id}", b""))
            continue
        found.append((f"seal of {partner.node_id}", confirmed.seal_certificate.encode()))
        found.append((f"authority of {partner.node_id}", confirmed.tls_ca.encode()))
    return found
