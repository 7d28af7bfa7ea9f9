"""Replies, a consent sheet and a custody report of invented people and events."""

from __future__ import annotations

from datetime import UTC, date, datetime

from comity.core.documents.consent import ConsentDecision, ConsentSheet
from comity.core.documents.custody import CustodyEntry, CustodyReport
from comity.core.documents.replies import (
    Acknowledgement,
    HandedItem,
    MeasureOutcome,
    Outcome,
    Reply,
    UseCondition,
)
from comity.core.law.letter_facts import (
    Authority,
    Contact,
    Provision,
    Signatory,
    authority,
    paragraph,
)
from tests.core.law.invented import LETTER

TOKYO = Signatory(
    names={"uk": "Сьо Абе", "ja": "阿部 翔", "en": "ABE Sho"},
    position={
        "uk": "Начальник відділу міжнародних справ Бюро кримінальних справ",
        "ja": "法務省刑事局国際課長",
        "en": "Director, International Affairs Division, Criminal Affairs Bureau",
    },
)
TOKYO_CONTACT = Contact(
    names={"uk": "Міка Хаясі", "ja": "林 美香", "en": "HAYASHI Mika"},
    position={"uk": "прокурор", "ja": "検事", "en": "prosecutor"},
    email="mla@moj.example",
    languages=("ja", "en"),
)

ACKNOWLEDGEMENT = Acknowledgement(
    requested=LETTER.requested,
    requesting=LETTER.requesting,
    letter_reference="15/3-2211вих-26",
    registered="刑国第118号",
    received_on=date(2026, 11, 24),
    handling={
        "uk": "Відділ міжнародних справ Бюро кримінальних справ",
        "ja": "刑事局国際課",
        "en": "International Affairs Division, Criminal Affairs Bureau",
    },
    expected_on=date(2027, 1, 10),
    contact=TOKYO_CONTACT,
    signatory=TOKYO,
)

REPLY = Reply(
    requested=LETTER.requested,
    requesting=LETTER.requesting,
    letter_reference="15/3-2211вих-26",
    outcomes=(
        MeasureOutcome(
            "stored_data_access",
            Outcome.EXECUTED,
            paragraph(
                "ja",
                uk="На підставі дозволу судді вилучено збережені дані облікового запису за період "
                "з 1 січня 2021 року до 17 березня 2022 року.",
                ja="裁判官の発する令状により、2021年1月1日から2022年3月17日までの当該アカウントの"
                "保存データを取得した。",
                en="Under a warrant of a judge the stored data of the account for the period from "
                "1 January 2021 to 17 March 2022 were obtained.",
            ),
        ),
    ),
    items=(
        HandedItem(
            "E-000201",
            {
                "uk": "Вміст поштової скриньки",
                "ja": "電子メールデータ",
                "en": "Content of the mailbox",
            },
            "application/mbox",
            184_549_376,
            "c0ffee11" * 8,
        ),
        HandedItem(
            "E-000202",
            {"uk": "Журнал з’єднань", "ja": "通信履歴", "en": "Traffic log"},
            "text/csv",
            48_213,
            "9d1e7a04" * 8,
        ),
    ),
    conditions=(
        UseCondition(
            paragraph(
                "ja",
                uk="Матеріали використовуються лише у кримінальному провадженні, зазначеному "
                "в запиті.",
                ja="資料は、要請書に記載された刑事手続においてのみ使用する。",
                en="The materials are used only in the criminal proceeding named in the request.",
            ),
            Provision(
                {
                    "uk": "пункт 5 статті 14 Закону № 69 від 1980 року",
                    "ja": "国際捜査共助等に関する法律第14条第5項",
                    "en": "Article 14(5) of Act No. 69 of 1980",
                },
                certainty="high",
                basis="read",
            ),
        ),
    ),
    acceptance_needed=True,
    signatory=TOKYO,
)

HUB = Authority(
    id="UA-HUB",
    state="UA",
    names={
        "uk": "Координаційний центр підтримки потерпілих і свідків",
        "ja": "被害者・証人支援調整センター",
        "en": "Coordination Centre for Victim and Witness Support",
    },
)
COORDINATOR = Signatory(
    names={"uk": "Леся Тихоненко", "ja": "レーシャ・ティホネンコ", "en": "Lesia Tykhonenko"},
    position={"uk": "координаторка", "ja": "支援調整員", "en": "coordinator"},
)
CONSENT = ConsentSheet(
    hub=HUB,
    person="Калина-3",
    recorded_on=date(2026, 11, 10),
    recorded_by=COORDINATOR,
    explained_in="uk",
    decisions=(
        ConsentDecision(
            {
                "uk": "Використання розповіді у розслідуванні",
                "ja": "捜査における供述の使用",
                "en": "Use of my account in the investigation",
            },
            {
                "uk": "Офіс Генерального прокурора",
                "ja": "検事総長府",
                "en": "Office of the Prosecutor General",
            },
            agreed=True,
        ),
        ConsentDecision(
            {
                "uk": "Передання до Японії за запитом про правову допомогу",
                "ja": "共助要請に伴う日本への提供",
                "en": "Transfer to Japan with a request for assistance",
            },
            {
                "uk": "Міністерство юстиції Японії",
                "ja": "日本国法務省",
                "en": "Ministry of Justice of Japan",
            },
            agreed=True,
            until=date(2027, 12, 31),
        ),
        ConsentDecision(
            {"uk": "Публікація", "ja": "公表", "en": "Publication"},
            {"uk": "будь-хто", "ja": "一般", "en": "the public"},
            agreed=False,
        ),
    ),
    contact=Contact(
        names=COORDINATOR.names,
        position=COORDINATOR.position,
        email="hub@centre.example",
        telephone="+380 44 000 00 01",
    ),
)

_ACTS = (
    ("Прийнято до сховища", "保管庫への受入れ", "Taken into the vault"),
    ("Поставлено позначку часу", "タイムスタンプの付与", "Time-stamped"),
    ("Переглянуто", "閲覧", "Opened"),
    ("Додано до запиту", "要請書への添付", "Attached to a letter"),
)
CUSTODY = CustodyReport(
    authority=authority("UA-OPG"),
    number="E-000123",
    title={
        "uk": "Відеозапис з місця події",
        "ja": "現場の映像記録",
        "en": "Video recording of the scene",
    },
    media_type="video/mp4",
    size_bytes=4_294_967_296,
    sha256="a1b2c3d4" * 8,
    received_at=datetime(2026, 11, 10, 8, 15, 2, tzinfo=UTC),
    entries=tuple(
        CustodyEntry(
            index=4012 + 3 * number,
            at=datetime(2026, 11, 10 + number // 4, 8, 15 + number % 40, 4, tzinfo=UTC),
            act=dict(zip(("uk", "ja", "en"), _ACTS[number % 4], strict=True)),
            actor={"uk": "слідчий", "ja": "捜査官", "en": "investigator"},
            commitment=f"{number:02x}5e" * 16,
        )
        for number in range(30)
    ),
    ledger_origin="kyiv.example/ledger",
    tree_size=51_204,
    root="77aa88bb" * 8,
    signatory=LETTER.signatory,
)
