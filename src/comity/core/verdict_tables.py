"""Verdicts and findings in the words of `verdict_words`: (Ukrainian, Japanese, English)."""

from __future__ import annotations

from comity.core.findings import Verdict

Words = tuple[str, str, str]

VERDICTS: dict[Verdict, Words] = {
    Verdict.FAILED: (
        "НЕ ПІДТВЕРДЖЕНО. Щонайменше одна перевірка не пройшла; покладатися на цей файл не можна.",
        "不合格。検証に通らない箇所があります。このファイルに依拠することはできません。",
        "FAILED. At least one thing does not hold; do not rely on this file.",
    ),
    Verdict.UNVERIFIABLE: (
        "ПЕРЕВІРИТИ НЕМОЖЛИВО. Тут немає того, що цей засіб уміє перевірити.",
        "検証不能。このツールで検証できるものがありません。",
        "UNVERIFIABLE. There is nothing here that this tool can check.",
    ),
    Verdict.INTEGRITY_ONLY: (
        "ЛИШЕ ЦІЛІСНІСТЬ. Після запечатування нічого не змінено, але хто запечатав,"
        " не встановлено.",
        "完全性のみ確認。封印後の変更はありませんが、誰が封印したかは確認されていません。",
        "INTEGRITY ONLY. Nothing has changed since the sealing, but who sealed it is not"
        " established.",
    ),
    Verdict.SEALED: (
        "ЗАПЕЧАТАНО. Нічого не змінено; печатка належить установі, якій ви довіряєте."
        " Час відомий лише з її годинника.",
        "封印を確認。変更はなく、あなたが信頼する機関の封印です。"
        "時刻はその機関の時計のみに基づきます。",
        "SEALED. Nothing has changed and the seal is that of an authority you trust."
        " The time is known from its own clock only.",
    ),
    Verdict.SEALED_TIMED: (
        "ЗАПЕЧАТАНО, ЧАС ЗАСВІДЧЕНО. Нічого не змінено; печатка належить установі, якій ви"
        " довіряєте, а час засвідчив надавач позначок часу, якому ви довіряєте.",
        "封印と時刻を確認。変更はなく、あなたが信頼する機関の封印であり、"
        "信頼する時刻認証局が時刻を証明しています。",
        "SEALED AND TIMED. Nothing has changed, the seal is that of an authority you trust, and a"
        " time-stamp authority you trust vouches for the time.",
    ),
    Verdict.SEALED_TIMED_WITNESSED: (
        "ЗАПЕЧАТАНО, ЧАС І ЖУРНАЛ ЗАСВІДЧЕНО. Печатка й час підтверджені; крім того, стан журналу"
        " засвідчив інший вузол, якому ви довіряєте.",
        "封印・時刻・台帳を確認。封印と時刻に加え、信頼する別のノードが台帳の状態を証明しています。",
        "SEALED, TIMED AND WITNESSED. Seal and time hold, and another node that you trust has"
        " witnessed the ledger.",
    ),
}

FINDINGS: dict[str, dict[bool | None, Words]] = {
    "": {
        True: ("{code}: {subject}", "{code}:{subject}", "{code}: {subject}"),
        None: ("{code}: {subject}", "{code}:{subject}", "{code}: {subject}"),
        False: ("{code}: {subject}", "{code}:{subject}", "{code}: {subject}"),
    },
    "container.open": {
        False: (
            "Файл не є непошкодженим контейнером",
            "ファイルは正常なコンテナーではありません",
            "The file is not an intact container",
        ),
    },
    "container.entries": {
        True: (
            "Файли контейнера не змінено: {count}, разом {size_bytes} байтів",
            "コンテナー内の全ファイルに変更なし:{count}件、計{size_bytes}バイト",
            "All files in the container are unchanged: {count}, {size_bytes} bytes together",
        ),
    },
    "container.entry": {
        False: (
            "Файл у контейнері змінено: {subject}",
            "コンテナー内のファイルが変更されています:{subject}",
            "A file in the container has changed: {subject}",
        ),
    },
    "bag.lists": {
        True: (
            "Переліки BagIt збігаються з підписаним переліком",
            "BagItの一覧は署名済みの一覧と一致します",
            "The BagIt lists agree with the signed list",
        ),
        False: (
            "Переліки BagIt не збігаються з підписаним переліком",
            "BagItの一覧が署名済みの一覧と一致しません",
            "The BagIt lists do not agree with the signed list",
        ),
    },
    "seal.signature": {
        True: (
            "Підпис печатки правильний",
            "封印の署名は正しいものです",
            "The seal's signature is right",
        ),
        False: (
            "Підпис печатки не підтверджено",
            "封印の署名が成り立ちません",
            "The seal's signature does not hold",
        ),
    },
    "seal.signer": {
        True: (
            "Запечатала установа, якій ви довіряєте: {name}; відбиток сертифіката {subject}",
            "あなたが信頼する機関による封印:{name}、証明書の指紋 {subject}",
            "Sealed by an authority you trust: {name}; certificate fingerprint {subject}",
        ),
        None: (
            "Хто запечатав, не встановлено ({name}; відбиток сертифіката {subject})",
            "封印者は未確認です({name}、証明書の指紋 {subject})",
            "Who sealed it is not established ({name}; certificate fingerprint {subject})",
        ),
        False: (
            "Запечатала не та установа, за яку себе видає ({name}; відбиток {subject})",
            "名乗っている機関の封印ではありません({name}、指紋 {subject})",
            "It is not sealed by the authority that it names ({name}; fingerprint {subject})",
        ),
    },
    "seal.time": {
        True: (
            "Печатка існувала вже {time}, засвідчено: {authority}",
            "封印は{time}に存在していました。証明:{authority}",
            "The seal existed at {time}, vouched for by {authority}",
        ),
        None: (
            "Печатка не має часу, засвідченого тим, кому ви довіряєте (позначка: {time})",
            "封印に、あなたが信頼する時刻証明がありません(タイムスタンプ:{time})",
            "The seal has no time vouched for by somebody you trust (stamp: {time})",
        ),
    },
    "package.form": {
        True: (
            "Пакет від {from}, справа {case_ref}; мета: {purpose}; підстава: {legal_basis};"
            " об’єктів: {items}, повідомлень: {messages}, квитанцій: {receipts}",
            "{from}からのパッケージ、事件 {case_ref}。目的:{purpose}。根拠:{legal_basis}。"
            "証拠物件{items}件、メッセージ{messages}件、受領証{receipts}件",
            "Package from {from}, case {case_ref}; purpose: {purpose}; basis: {legal_basis};"
            " items: {items}, messages: {messages}, receipts: {receipts}",
        ),
        None: (
            "Формат пакета цьому засобові невідомий; візьміть новішу версію",
            "このツールが知らない形式のパッケージです。新しい版を使ってください",
            "This tool does not know the package's format; use a newer version",
        ),
        False: (
            "Опис пакета ({subject}) не читається",
            "パッケージの記述({subject})を読めません",
            "The package's description ({subject}) cannot be read",
        ),
    },
    "package.entry": {
        False: (
            "Склад пакета не відповідає його опису: {subject}",
            "パッケージの内容が記述と合いません:{subject}",
            "The package's content is not what it describes: {subject}",
        ),
    },
    "descriptor": {
        True: (
            "Паспорт вузла {subject} той самий, якому ви довіряєте",
            "ノード {subject} の記述子は、あなたが信頼するものと同じです",
            "The descriptor of node {subject} is the one you trust",
        ),
        None: (
            "Паспорт вузла {subject} ніхто не підтвердив; звірте відбиток: {fingerprint}",
            "ノード {subject} の記述子は未確認です。指紋を照合してください:{fingerprint}",
            "Nobody has confirmed the descriptor of node {subject}; compare: {fingerprint}",
        ),
        False: (
            "Паспорт вузла не підтверджено: {subject}",
            "ノード記述子が成り立ちません:{subject}",
            "A node's descriptor does not hold: {subject}",
        ),
    },
    "log.checkpoint": {
        True: (
            "Журнал {origin} підписано, коли в ньому було записів: {size}",
            "台帳 {origin} は{size}件の時点で署名されています",
            "Ledger {origin} is signed at {size} entries",
        ),
        False: (
            "Контрольну точку журналу не підтверджено",
            "台帳のチェックポイントが成り立ちません",
            "The ledger's checkpoint does not hold",
        ),
    },
    "log.growth": {
        True: (
            "Журнал {origin} лише зростав: {old} → {size} записів; давніші записи не змінено",
            "台帳 {origin} は{old}件から{size}件へ追記のみで、以前の記録に変更はありません",
            "Ledger {origin} only grew, from {old} entries to {size}; nothing before was changed",
        ),
        False: (
            "Не підтверджено, що журнал лише зростав",
            "台帳が追記のみであったとは確認できません",
            "That the ledger only grew does not hold",
        ),
    },
    "log.entries": {
        True: (
            "Усі вкладені записи ланцюга зберігання є в журналі: {count};"
            " без подробиць: {withheld}",
            "同梱された証拠管理経過の記録はすべて台帳にあります:{count}件(詳細非開示 {withheld}件)",
            "Every enclosed custody entry is in the ledger: {count}; details withheld: {withheld}",
        ),
    },
    "log.entry": {
        False: (
            "Запис журналу {subject} не підтверджено",
            "台帳の記録 {subject} が成り立ちません",
            "Ledger entry {subject} does not hold",
        ),
    },
    "log.time": {
        True: (
            "Записи журналу існували вже {time}, засвідчено: {authority}",
            "台帳の記録は{time}に存在していました。証明:{authority}",
            "The ledger's entries existed at {time}, vouched for by {authority}",
        ),
        None: (
            "Позначку часу {time} видав той, кому ви не висловили довіри: {authority}",
            "タイムスタンプ {time} の発行者は、信頼先に含まれていません:{authority}",
            "The time-stamp of {time} is by somebody you have not named as trusted: {authority}",
        ),
        False: (
            "Позначку часу не підтверджено: {subject}",
            "タイムスタンプが成り立ちません:{subject}",
            "A time-stamp does not hold: {subject}",
        ),
    },
    "log.authorities": {
        True: (
            "Надавачів позначок часу, яким ви довіряєте: {count} ({names})",
            "信頼する時刻認証局:{count}局({names})",
            "Time-stamp authorities that you trust: {count} ({names})",
        ),
    },
    "log.revocation": {
        True: (
            "За списком від {listed} сертифікат надавача позначки часу не відкликано: {authority}",
            "{listed}の失効リストで、時刻認証局の証明書は失効していません:{authority}",
            "By the list of {listed}, the time-stamp's certificate is not revoked: {authority}",
        ),
        None: (
            "Позначці часу не можна вірити: за списком від {listed} сертифікат відкликано:"
            " {authority}",
            "タイムスタンプは信頼できません。{listed}の失効リストで証明書が失効しています:{authority}",
            "A time-stamp cannot be believed: by the list of {listed} its certificate is revoked:"
            " {authority}",
        ),
        False: (
            "Список відкликаних сертифікатів не прочитано: {subject}",
            "失効リストを読み取れません:{subject}",
            "A list of revoked certificates cannot be read: {subject}",
        ),
    },
    "log.renewal": {
        True: (
            "Позначки часу поновлено {time}: {authority}",
            "タイムスタンプは{time}に更新されました:{authority}",
            "The time-stamps were renewed on {time} by {authority}",
        ),
        None: (
            "Позначку часу не поновлено, доки діяв сертифікат надавача: {authority}, до {ended}",
            "時刻認証局の証明書の有効期間内に更新されていません:{authority}、{ended}まで",
            "A time-stamp was not renewed while its certificate lasted: {authority}, until {ended}",
        ),
        False: (
            "Поновлення позначки часу не підтверджено: {subject}",
            "タイムスタンプの更新が成り立ちません:{subject}",
            "The renewal of a time-stamp does not hold: {subject}",
        ),
    },
    "log.witness": {
        True: (
            "Стан журналу засвідчив: {subject} ({time})",
            "台帳の状態の証人:{subject}({time})",
            "The ledger was witnessed by {subject} ({time})",
        ),
        None: (
            "Стану журналу не засвідчив жоден інший вузол, якому ви довіряєте",
            "信頼する別のノードによる台帳の証明はありません",
            "No other node that you trust has witnessed the ledger",
        ),
    },
    "item": {
        True: (
            "Об’єкт {subject} не змінено, відколи його прийнято {time} (запис {entry},"
            " SHA-256 {sha256})",
            "証拠物件 {subject} は受入れ({time})以後変更されていません(記録 {entry}、"
            "SHA-256 {sha256})",
            "Item {subject} is unchanged since it was taken in at {time} (entry {entry},"
            " SHA-256 {sha256})",
        ),
        None: (
            "Байти об’єкта {subject} ті самі, але прив’язати його до журналу не вдалося",
            "証拠物件 {subject} の内容は一致しますが、台帳と結び付けられません",
            "Item {subject} has its bytes, but it could not be bound to the ledger",
        ),
        False: (
            "Об’єкт {subject} не підтверджено",
            "証拠物件 {subject} が成り立ちません",
            "Item {subject} does not hold",
        ),
    },
    "case": {
        True: (
            "Опис CASE/UCO каже те саме, що опис пакета й записи журналу",
            "CASE/UCO記述は、パッケージの記述および台帳の記録と一致します",
            "The CASE/UCO description says what the package and the ledger entries say",
        ),
        None: (
            "Опис CASE/UCO має форму, якої цей засіб не знає",
            "CASE/UCO記述の形式は、このツールでは扱えません",
            "The CASE/UCO description is in a form that this tool does not know",
        ),
        False: (
            "Опис CASE/UCO каже інше, ніж опис пакета й записи журналу",
            "CASE/UCO記述が、パッケージの記述または台帳の記録と異なります",
            "The CASE/UCO description says something else than the package and the entries",
        ),
    },
    "item.conditions": {
        True: (
            "Для об’єкта {subject} названо умови використання: {count}",
            "証拠物件 {subject} の使用条件が示されています:{count}件",
            "Item {subject} states its conditions of use: {count}",
        ),
        False: (
            "Об’єкт {subject} надійшов з умовами використання, яких тут не названо: {count}",
            "証拠物件 {subject} に付された使用条件が示されていません:{count}件",
            "Item {subject} came with conditions of use that are not stated here: {count}",
        ),
    },
    "message.receipts": {
        None: (
            "Для повідомлення {subject} не вкладено жодної квитанції",
            "メッセージ {subject} の受領証は同梱されていません",
            "No receipt is enclosed for message {subject}",
        ),
    },
    "message": {
        True: (
            "{type} від {from} до {to}: не змінено, печатка правильна",
            "{from}から{to}への{type}は変更なし、封印も正しいものです",
            "{type} from {from} to {to} is unchanged and rightly sealed",
        ),
        None: (
            "{type} від {from} до {to}: не змінено, але хто запечатав, не встановлено",
            "{from}から{to}への{type}は変更されていませんが、封印者は未確認です",
            "{type} from {from} to {to} is unchanged, but who sealed it is not established",
        ),
        False: (
            "Повідомлення {subject} не підтверджено",
            "メッセージ {subject} が成り立ちません",
            "Message {subject} does not hold",
        ),
    },
    "message.form": {
        True: (
            "{type} від {from} до {to}, складено {created}; вкладень окремо: {attachments}",
            "{from}から{to}への{type}、作成 {created}。別送の添付{attachments}件",
            "{type} from {from} to {to}, made {created}; attachments sent apart: {attachments}",
        ),
        False: (
            "Повідомлення не читається",
            "メッセージを読めません",
            "The message cannot be read",
        ),
    },
    "receipt": {
        True: (
            "Квитанція: {node}, {time}: {event}",
            "受領証:{node}、{time}:{event}",
            "Receipt: {node}, {time}: {event}",
        ),
        None: (
            "Квитанція правильна, але вузол {node} вами не підтверджено ({time}: {event})",
            "受領証は正しいものの、ノード {node} は未確認です({time}:{event})",
            "The receipt is right, but you have not confirmed node {node} ({time}: {event})",
        ),
        False: (
            "Квитанцію не підтверджено: {subject}",
            "受領証が成り立ちません:{subject}",
            "A receipt does not hold: {subject}",
        ),
    },
    "receipt.chain": {
        True: (
            "Квитанції вузла {subject} узгоджені між собою: {count};"
            " попередніх не вкладено: {gaps}",
            "ノード {subject} の受領証{count}件は互いに整合します(前の受領証の未同梱 {gaps}件)",
            "The receipts of node {subject} fit together: {count}; predecessors not enclosed:"
            " {gaps}",
        ),
        False: (
            "Квитанції вузла {subject} суперечать одна одній",
            "ノード {subject} の受領証が互いに矛盾します",
            "The receipts of node {subject} contradict each other",
        ),
    },
    "bundle.form": {
        False: (
            "Збірку квитанцій прочитати не вдалося",
            "受領証の束を読めません",
            "The bundle of receipts cannot be read",
        ),
    },
}

EVENTS: dict[str, Words] = {
    "E1": ("прийнято до надсилання", "送信受付", "accepted for sending"),
    "E2": ("прийнято вузлом адресата", "宛先ノードが受信", "taken over by the addressee's node"),
    "E3": ("доставлено адресатові", "宛先に配達", "delivered to the addressee"),
    "E4": ("відкрито посадовою особою", "担当者が開封", "opened by an officer"),
    "E5": ("зареєстровано установою", "機関が登録", "registered by the authority"),
    "F1": ("вузол адресата відхилив", "宛先ノードが拒否", "rejected by the addressee's node"),
    "F2": ("передати не вдалося", "転送に失敗", "could not be passed on"),
    "F3": ("доставити не вдалося", "配達に失敗", "could not be delivered"),
    "F4": ("адресат не забрав", "未受領", "not fetched by the addressee"),
}

TYPES: dict[str, Words] = {
    "letter": ("Запит про міжнародну правову допомогу", "共助要請書", "Letter of request"),
    "acknowledgement": ("Підтвердження", "受理通知", "Acknowledgement"),
    "reply": ("Відповідь", "回答", "Reply"),
    "conditions-accepted": ("Прийняття умов", "条件の受諾", "Acceptance of conditions"),
}
