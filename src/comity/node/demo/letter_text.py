"""The words of the demonstration's letter in three languages; all of it is invented."""

from __future__ import annotations

from datetime import date

from comity.core.law import letter_facts as law
from comity.core.law.bases import BasisFacts

Words = dict[str, str]

REQUESTING, REQUESTED, MEASURE = "UA-OPG", "JP-MOJ", "stored_data_access"

SUBJECT: Words = {
    "uk": "Надання збережених даних облікового запису посередника",
    "ja": "部品仲介業者のアカウントに係る保存データの提供",
    "en": "Stored account data of a broker of components",
}

FACTS: tuple[Words, ...] = (
    {
        "uk": "17 березня 2022 року близько 16 год 20 хв унаслідок двох влучань пошкоджено школу в "
        "селищі Вербівка, у підвалі якої переховувалися цивільні особи. Загинули четверо осіб, "
        "одинадцять зазнали поранень. Військових об’єктів поблизу не було.",
        "ja": "2022年3月17日午後4時20分頃、ヴェルビウカ町の学校に2発が着弾し、校舎が損壊した。地下室には"
        "文民が避難していた。4名が死亡し、11名が負傷した。付近に軍事目標はなかった。",
        "en": "On 17 March 2022 at about 16:20 two strikes damaged the school in the settlement of "
        "Verbivka, in whose cellar civilians were sheltering. Four persons were killed and eleven "
        "were injured. There was no military object nearby.",
    },
    {
        "uk": "Серед уламків знайдено плату з номером партії КН-4471. За даними митних декларацій, цю "
        "партію через посередника придбало товариство «Сорано Трейд».",
        "ja": "破片の中から製造番号KH-4471の基板が発見された。税関申告の資料によれば、この製造番号の部品は"
        "仲介業者を通じて「ソラノ・トレード」が購入したものである。",
        "en": "A board with the batch number KH-4471 was found among the fragments. According to customs "
        "declarations, the firm Sorano Trade bought this batch through a broker.",
    },
    {
        "uk": "Посередник листувався з одержувачем через обліковий запис parts-broker-4471, дані якого "
        "зберігає постачальник послуг у Японії.",
        "ja": "仲介業者はアカウントparts-broker-4471を用いて荷受人と連絡を取っており、そのデータは日本国内"
        "の事業者が保有している。",
        "en": "The broker corresponded with the consignee through the account parts-broker-4471, the data "
        "of which are held by a provider in Japan.",
    },
)

NECESSITY: Words = {
    "uk": "Інших джерел, що пов’язують партію КН-4471 з кінцевим одержувачем, розслідування не має; без цих "
    "даних неможливо довести обізнаність про призначення компонентів.",
    "ja": "製造番号KH-4471の部品と最終荷受人とを結び付ける証拠は他になく、本データがなければ部品の用途に関する"
    "認識を立証することができない。",
    "en": "The investigation has no other source that connects batch KH-4471 with the final consignee; "
    "without these data knowledge of the purpose of the components cannot be proved.",
}

CONFIDENTIALITY: Words = {
    "uk": "Просимо не повідомляти користувача облікового запису та не передавати відомостей третім державам "
    "без згоди Запитуючого органу.",
    "ja": "アカウントの利用者に通知せず、要請機関の同意なく第三国に情報を提供しないよう求める。",
    "en": "Please do not notify the holder of the account and do not pass any information to third States "
    "without the consent of the Requesting Authority.",
}

PURPOSE: Words = {
    "uk": "Встановити замовника та одержувача плат і відомості, якими він володів про їх призначення.",
    "ja": "基板の発注者及び荷受人並びにその用途に関する認識を明らかにするため。",
    "en": "To establish who ordered and received the boards and what was known of their use.",
}

ANSWERS: dict[str, Words] = {
    "provider_and_account": {
        "uk": "Акціонерне товариство «Аобаґакі Нет», Токіо; обліковий запис parts-broker-4471",
        "ja": "青葉垣ネット株式会社（東京都）、アカウントparts-broker-4471",
        "en": "Aobagaki Net Co., Ltd., Tokyo; account parts-broker-4471",
    },
    "data_category": {
        "uk": "Дані про користувача та дані про трафік",
        "ja": "契約者情報及び通信履歴",
        "en": "Subscriber information and traffic data",
    },
    "time_window": {
        "uk": "з 1 січня 2022 року до 17 березня 2022 року",
        "ja": "2022年1月1日から同年3月17日まで",
        "en": "from 1 January 2022 to 17 March 2022",
    },
    "hash_and_format_wanted": {
        "uk": "Файл CSV, контрольна сума SHA-256 кожного файлу",
        "ja": "CSV形式、ファイルごとのSHA-256",
        "en": "CSV, with the SHA-256 of each file",
    },
}
NEUTRAL_ANSWERS = {"preservation_reference": "UA-24/7-2026-0312"}

HOLDER_LINK: Words = {
    "uk": "Утримувач даних облікового запису, через який велося листування.",
    "ja": "連絡に用いられたアカウントのデータを保有する事業者",
    "en": "Holder of the data of the account through which the correspondence went.",
}


def facts_for_the_finder() -> BasisFacts:
    """What is known of the case for the choice of a basis; the rest stays open."""
    return BasisFacts(
        electronic_evidence=True,
        war_crime=True,
        organised_group=None,
        material_benefit=None,
        penalty_max_years=15,
        urgent=False,
    )


def proceeding(number: str) -> law.Proceeding:
    """The criminal proceeding, as the letter names it."""
    return law.Proceeding(
        number=number,
        stage=law.Stage.PRETRIAL,
        conducted_by={
            "uk": "Слідче управління за процесуального керівництва прокурора",
            "ja": "捜査局（検察官の手続指揮による）",
            "en": "Investigation department under the procedural guidance of the prosecutor",
        },
        opened_on=date(2022, 3, 17),
    )


def offence(offence_id: str) -> law.Offence:
    """Article 438(2) in three languages; read in the official text."""
    return law.Offence(
        id=offence_id,
        provision=law.Provision(
            {
                "uk": "частина 2 статті 438 Кримінального кодексу України",
                "ja": "ウクライナ刑法第438条第2項",
                "en": "Article 438(2) of the Criminal Code of Ukraine",
            },
            certainty="high",
            basis="read",
        ),
        title={
            "uk": "воєнні злочини, що спричинили загибель людини",
            "ja": "人の死亡を生じさせた戦争犯罪",
            "en": "war crimes that caused a person’s death",
        },
        penalty={
            "uk": "позбавлення волі на строк від десяти до п’ятнадцяти років або довічне позбавлення волі",
            "ja": "10年以上15年以下の拘禁又は終身拘禁",
            "en": "imprisonment of ten to fifteen years or for life",
        },
    )


def holder() -> law.PersonConcerned:
    """The firm that holds the data."""
    return law.PersonConcerned(
        role="holder",
        names={
            "uk": "АТ «Аобаґакі Нет»",
            "ja": "青葉垣ネット株式会社",
            "en": "Aobagaki Net Co., Ltd.",
        },
        link=law.paragraph("uk", **HOLDER_LINK),
        address={"uk": "м. Токіо, Японія", "ja": "東京都", "en": "Tokyo, Japan"},
        nationality={"uk": "Японія", "ja": "日本", "en": "Japan"},
    )


CONTACT = law.Contact(
    names={"uk": "Ольга Лисенко", "ja": "オリハ・リセンコ", "en": "Olha Lysenko"},
    position={
        "uk": "юристка відділу міжнародної співпраці",
        "ja": "国際協力部法務担当",
        "en": "lawyer, international cooperation",
    },
    email="mla@opg-kyiv.comity.example",
    telephone="+380 44 000 00 00",
    languages=("uk", "en"),
)
SIGNATORY = law.Signatory(
    names={"uk": "Леся Гончар", "ja": "レーシャ・ホンチャル", "en": "Lesia Honchar"},
    position={
        "uk": "керівниця відділу",
        "ja": "部長",
        "en": "head of department",
    },
)
APPROVAL = SIGNATORY

TRANSMISSION = law.Transmission(
    channel=law.Channel.CENTRAL_AUTHORITY, electronic=True, original_promised=True
)

PROVISIONS_TITLE: Words = {
    "uk": "Текст статті 438 Кримінального кодексу України з перекладом",
    "ja": "ウクライナ刑法第438条の条文及び翻訳文",
    "en": "Text of Article 438 of the Criminal Code of Ukraine with translation",
}
EXHIBIT_TITLE: Words = {
    "uk": "Знімок уламка з платою",
    "ja": "基板を含む破片の写真",
    "en": "Photograph of the fragment with the board",
}

# --- Tokyo's side ------------------------------------------------------------------------------
HANDLING: Words = {
    "uk": "Бюро кримінальних справ, відділ міжнародних справ",
    "ja": "刑事局国際刑事管理官室",
    "en": "Criminal Affairs Bureau, International Affairs",
}
TOKYO_SIGNATORY = law.Signatory(
    names={"uk": "Сакура Абе", "ja": "阿部 さくら", "en": "Sakura Abe"},
    position={
        "uk": "прокурор, Бюро кримінальних справ",
        "ja": "刑事局付検事",
        "en": "prosecutor, Criminal Affairs Bureau",
    },
)
REPORT: Words = {
    "ja": "令状に基づき事業者から通信履歴及び業務記録証明書の提出を受けた。",
    "uk": "На підставі дозволу суду постачальник надав дані про трафік і засвідчення ділового запису.",
    "en": "Under a warrant the provider handed over the traffic data and a certificate of the business record.",
}
HANDED_TITLES: tuple[Words, ...] = (
    {
        "uk": "Журнал облікового запису",
        "ja": "アカウントの通信履歴",
        "en": "Log of the account",
    },
    {
        "uk": "Засвідчення утримувача даних",
        "ja": "業務記録証明書",
        "en": "Certificate of the holder",
    },
)
CONDITION: Words = {
    "ja": "提供する証拠は、本要請に係る刑事手続以外に使用せず、日本国の同意なく第三国に提供しないこと。",
    "uk": "Надані докази не використовуються поза цим провадженням і не передаються третім державам без згоди "
    "Японії.",
    "en": "The evidence is not used outside this proceeding and is not passed to third States without the "
    "consent of Japan.",
}
