"""A letter of request of invented people and events, complete in three languages."""

from __future__ import annotations

from datetime import date

from comity.core.law.letter_facts import (
    Attachment,
    Channel,
    Contact,
    LegalBasis,
    LetterFacts,
    Measure,
    Offence,
    PersonConcerned,
    Proceeding,
    Provision,
    Signatory,
    Stage,
    Transmission,
    authority,
    neutral,
    paragraph,
)
from comity.core.law.loader import data_version

CONFIRMED = {"confirmed_by": "О. Лисенко", "confirmed_on": date(2026, 11, 16)}

BUDAPEST = LegalBasis(
    instruments=("BUDAPEST",),
    names=(
        {
            "uk": "Конвенція про кіберзлочинність (Будапешт, 2001 рік)",
            "ja": "サイバー犯罪に関する条約",
            "en": "Convention on Cybercrime (Budapest, 2001)",
        },
    ),
    provisions=(
        Provision(
            {
                "uk": "статті 25, 27 та 31 Конвенції про кіберзлочинність",
                "ja": "サイバー犯罪に関する条約第25条、第27条及び第31条",
                "en": "Articles 25, 27 and 31 of the Convention on Cybercrime",
            },
            certainty="high",
            basis="recalled",
            **CONFIRMED,
        ),
    ),
    data_version=data_version(),
    chosen_by="О. Лисенко",
)

FACTS = (
    paragraph(
        "uk",
        uk="17 березня 2022 року о 08 год 40 хв збройні сили держави-агресора здійснили ракетний "
        "удар по будівлі школи в селищі Вербівка. У школі переховувалися цивільні особи. Загинули "
        "четверо осіб, одинадцять зазнали поранень. Військових об’єктів на відстані менш як трьох "
        "кілометрів від школи не було.",
        ja="2022年3月17日午前8時40分、侵略国の軍隊は、ヴェルビウカ町の学校の建物に対しミサイル"
        "攻撃を行った。校舎には文民が避難していた。4名が死亡し、11名が負傷した。学校から"
        "3キロメートル以内に軍事目標はなかった。",
        en="On 17 March 2022 at 08:40 the armed forces of the aggressor State carried out a "
        "missile strike on the school building in the settlement of Verbivka. Civilians were "
        "sheltering in the school. Four persons were killed and eleven were injured. There was "
        "no military object within three kilometres of the school.",
    ),
    paragraph(
        "uk",
        uk="Під час огляду місця події серед уламків виявлено плату системи наведення з номером "
        "партії KH-4471. За даними митних декларацій, цю партію придбало товариство «Сорано "
        "Трейд» через посередника, зареєстрованого в третій державі.",
        ja="現場の検証において、破片の中から製造番号KH-4471の誘導装置の基板が発見された。税関申告"
        "の資料によれば、この製造番号の部品は、第三国に登録された仲介業者を通じて「ソラノ・"
        "トレード」が購入したものである。",
        en="During the inspection of the scene a board of a guidance system with the batch number "
        "KH-4471 was found among the fragments. According to customs declarations, this batch was "
        "bought by the firm Sorano Trade through a broker registered in a third State.",
    ),
    paragraph(
        "uk",
        uk="Посередник листувався з одержувачем через поштову скриньку broker@parts.example, дані "
        "якої зберігає постачальник послуг у Японії. На прохання цілодобового контактного пункту "
        "України дані збережено з 19 листопада 2026 року.",
        ja="仲介業者は、電子メールアドレスbroker@parts.exampleを用いて荷受人と連絡を取っており、"
        "そのデータは日本国内の事業者が保有している。ウクライナの24時間連絡窓口の依頼により、"
        "2026年11月19日からデータが保全されている。",
        en="The broker corresponded with the consignee through the mailbox broker@parts.example, "
        "the data of which are held by a provider in Japan. At the request of the Ukrainian "
        "contact point the data have been preserved since 19 November 2026.",
    ),
)

OFFENCE = Offence(
    id="UA-CC-438-2",
    provision=Provision(
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
        "uk": "позбавлення волі на строк від десяти до п’ятнадцяти років або довічне позбавлення "
        "волі",
        "ja": "10年以上15年以下の拘禁又は終身拘禁",
        "en": "imprisonment of ten to fifteen years or for life",
    },
)

PERSONS = (
    PersonConcerned(
        role="suspect",
        names={
            "uk": "Горянін Тарас Юрійович",
            "ja": "ホリャニン・タラス・ユリーヨヴィチ",
            "en": "HORIANIN Taras Yuriiovych",
        },
        born_on=date(1979, 6, 4),
        nationality={"uk": "не встановлено", "ja": "不明", "en": "not established"},
        link=paragraph(
            "uk",
            uk="Організував придбання партії плат KH-4471 і користувався зазначеною скринькою.",
            ja="製造番号KH-4471の基板の購入を手配し、上記のメールアドレスを使用していた。",
            en="Arranged the purchase of the batch of boards KH-4471 and used the mailbox named.",
        ),
    ),
    PersonConcerned(
        role="witness",
        names={"uk": "Свідок «Калина-3»", "ja": "証人「カリナ3」", "en": "Witness “Kalyna-3”"},
        protected=True,
        link=paragraph(
            "uk",
            uk="Бачив момент влучання та перебував у школі.",
            ja="着弾の瞬間を目撃し、校舎内にいた。",
            en="Saw the moment of impact and was in the school.",
        ),
    ),
)

MEASURE = Measure(
    type="stored_data_access",
    purpose=paragraph(
        "uk",
        uk="Встановити замовника та одержувача плат і відомості, якими він володів про їх "
        "призначення.",
        ja="基板の発注者及び荷受人並びにその用途に関する認識を明らかにするため。",
        en="To establish who ordered and received the boards and what was known of their use.",
    ),
    answers={
        "provider_and_account": paragraph(
            "uk",
            uk="Акціонерне товариство «Аобаґакі Нет», Токіо; обліковий запис broker@parts.example",
            ja="青葉垣ネット株式会社（東京都）、アカウントbroker@parts.example",
            en="Aobagaki Net Co., Ltd., Tokyo; account broker@parts.example",
        ),
        "data_category": paragraph(
            "uk",
            uk="Дані про користувача, дані про трафік, вміст повідомлень",
            ja="契約者情報、通信履歴及び通信の内容",
            en="Subscriber information, traffic data and content of messages",
        ),
        "time_window": paragraph(
            "uk",
            uk="з 1 січня 2021 року до 17 березня 2022 року",
            ja="2021年1月1日から2022年3月17日まで",
            en="from 1 January 2021 to 17 March 2022",
        ),
        "preservation_reference": neutral("UA-24/7-2026-0312"),
        "hash_and_format_wanted": paragraph(
            "uk",
            uk="Формат mbox або eml, контрольна сума SHA-256 кожного файлу",
            ja="mbox又はeml形式、ファイルごとのSHA-256",
            en="mbox or eml, with the SHA-256 of each file",
        ),
    },
)

NECESSITY = paragraph(
    "uk",
    uk="Вміст листування є незамінним: інших джерел, що пов’язують партію KH-4471 з кінцевим "
    "одержувачем, досудове розслідування не має, а дані про трафік не розкривають предмета "
    "домовленостей.",
    ja="通信の内容は欠くことのできない証拠である。製造番号KH-4471の部品と最終荷受人とを結び付ける"
    "証拠は他になく、通信履歴のみでは合意の内容が明らかにならない。",
    en="The content of the correspondence is indispensable: the investigation has no other source "
    "that connects batch KH-4471 with the final consignee, and traffic data do not show what was "
    "agreed.",
)

CONFIDENTIALITY = paragraph(
    "uk",
    uk="Просимо зберігати в таємниці факт і зміст цього запиту, не повідомляти власника "
    "облікового запису та не передавати відомостей третім державам без згоди Запитуючого органу.",
    ja="本要請の事実及び内容を秘密とし、アカウントの利用者に通知せず、要請機関の同意なく第三国に"
    "情報を提供しないよう求める。",
    en="Please keep the fact and the content of this request confidential, do not notify the "
    "holder of the account and do not pass any information to third States without the consent "
    "of the Requesting Authority.",
)

URGENCY = paragraph(
    "uk",
    uk="Строк збереження даних спливає 18 січня 2027 року.",
    ja="データの保全期間は2027年1月18日に満了する。",
    en="The period of preservation ends on 18 January 2027.",
)

LETTER = LetterFacts(
    requesting=authority(
        "UA-OPG",
        {
            "uk": "вул. Різницька, 13/15, м. Київ, 01011",
            "ja": "ウクライナ国キーウ市リズニツカ通り13/15",
            "en": "13/15 Riznytska Street, Kyiv 01011",
        },
    ),
    requested=authority(
        "JP-MOJ",
        {
            "uk": "Токіо, Тійода, Касумігасекі, 1-1-1",
            "ja": "東京都千代田区霞が関1-1-1",
            "en": "1-1-1 Kasumigaseki, Chiyoda-ku, Tokyo",
        },
    ),
    basis=BUDAPEST,
    proceeding=Proceeding(
        number="42022000000002211",
        stage=Stage.PRETRIAL,
        conducted_by={
            "uk": "Головне слідче управління, процесуальне керівництво Офісу Генерального "
            "прокурора",
            "ja": "中央捜査局（検事総長府の手続指揮による）",
            "en": "Main Investigation Department, under the procedural guidance of the Office of "
            "the Prosecutor General",
        },
        opened_on=date(2022, 3, 17),
    ),
    facts=FACTS,
    offences=(OFFENCE,),
    persons=PERSONS,
    measures=(MEASURE,),
    transmission=Transmission(Channel.CENTRAL_AUTHORITY, electronic=True, original_promised=True),
    subject=paragraph(
        "uk",
        uk="Надання збережених даних поштової скриньки посередника з постачання компонентів.",
        ja="部品仲介業者の電子メールに係る保存データの提供",
        en="Stored mailbox data of a broker of components.",
    ),
    necessity=NECESSITY,
    confidentiality=CONFIDENTIALITY,
    urgency=URGENCY,
    deadline=date(2027, 1, 10),
    protection=("pseudonym", "redaction"),
    contact=Contact(
        names={"uk": "Марта Савчук", "ja": "マルタ・サウチュク", "en": "Marta Savchuk"},
        position={
            "uk": "прокурор відділу міжнародної співпраці",
            "ja": "国際協力部検察官",
            "en": "prosecutor, international cooperation",
        },
        email="mla@opg.example",
        telephone="+380 44 000 00 00",
        languages=("uk", "en"),
    ),
    attachments=(
        Attachment(
            "provisions",
            {
                "uk": "Текст статті 438 Кримінального кодексу України з перекладом",
                "ja": "ウクライナ刑法第438条の条文及び翻訳文",
                "en": "Text of Article 438 of the Criminal Code of Ukraine with translation",
            },
            pages=4,
            sha256="5f" * 32,
        ),
        Attachment(
            "document",
            {
                "uk": "Протокол огляду місця події від 17 березня 2022 року",
                "ja": "2022年3月17日付け検証調書",
                "en": "Record of the inspection of the scene of 17 March 2022",
            },
            pages=12,
            sha256="0a3c" * 16,
        ),
    ),
    signatory=Signatory(
        names={"uk": "Ірина Коваль", "ja": "イリーナ・コヴァリ", "en": "Iryna Koval"},
        position={
            "uk": "Начальник Департаменту міжнародно-правового співробітництва",
            "ja": "国際法務協力局長",
            "en": "Head of the Department of International Legal Cooperation",
        },
    ),
    approval=Signatory(
        names={"uk": "Іван Савчук", "ja": "イワン・サウチュク", "en": "Ivan Savchuk"},
        position={
            "uk": "Прокурор, який здійснює процесуальне керівництво",
            "ja": "手続を指揮する検察官",
            "en": "Prosecutor with procedural guidance",
        },
        approved_on=date(2026, 11, 23),
    ),
)
