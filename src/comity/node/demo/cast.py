"""Who plays in the demonstration. Every person is invented."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from comity.core.access import Role


@dataclass(frozen=True)
class Part:
    """One invented officer."""

    key: str
    name: str
    name_latin: str
    title: str
    language: str
    roles: tuple[Role, ...]

    def address(self, node_id: str) -> str:
        """What the officer signs in with."""
        return f"{self.key}@{node_id}"

    @property
    def password(self) -> str:
        """The same for everyone in a demonstration; printed on the terminal."""
        return f"{self.key}-training-passphrase"

    def totp_secret(self, node_id: str) -> str:
        """The second step's secret: fixed, so that a code can be shown on the terminal."""
        digest = hashlib.sha256(f"{self.key}@{node_id} training".encode()).digest()
        return base64.b32encode(digest[:20]).decode("ascii")


KYIV = (
    Part(
        "admin", "Олег Дяченко", "O. Diachenko", "Адміністратор вузла", "uk", (Role.ADMINISTRATOR,)
    ),
    Part("hub", "Тетяна Білик", "T. Bilyk", "Координаторка хабу", "uk", (Role.HUB_COORDINATOR,)),
    Part("investigator", "Максим Ткач", "M. Tkach", "Слідчий", "uk", (Role.INVESTIGATOR,)),
    Part("prosecutor", "Ірина Савчук", "I. Savchuk", "Прокурорка", "uk", (Role.PROSECUTOR,)),
    Part("second", "Андрій Мороз", "A. Moroz", "Прокурор", "uk", (Role.PROSECUTOR,)),
    Part("supervisor", "Леся Гончар", "L. Honchar", "Керівниця відділу", "uk", (Role.SUPERVISOR,)),
    Part(
        "authority",
        "Ольга Лисенко",
        "O. Lysenko",
        "Юристка центрального органу",
        "uk",
        (Role.CENTRAL_AUTHORITY,),
    ),
    Part("auditor", "Петро Ворона", "P. Vorona", "Аудитор", "uk", (Role.AUDITOR,)),
)

TOKYO = (
    Part("admin", "中村 大輔", "D. Nakamura", "システム管理者", "ja", (Role.ADMINISTRATOR,)),
    Part("authority", "阿部 さくら", "S. Abe", "刑事局付検事", "ja", (Role.CENTRAL_AUTHORITY,)),
    Part(
        "executing", "森田 健", "K. Morita", "東京地方検察庁検事", "ja", (Role.EXECUTING_OFFICER,)
    ),
    Part("release", "﨑山 恵", "M. Sakiyama", "刑事局参事官", "ja", (Role.CENTRAL_AUTHORITY,)),
    Part("auditor", "髙木 誠", "M. Takagi", "監査担当", "ja", (Role.AUDITOR,)),
)

CAST = {"UA": KYIV, "JP": TOKYO}
