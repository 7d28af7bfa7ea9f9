"""Why something does not hold, by code or family of codes: (Ukrainian, Japanese, English)."""

from __future__ import annotations

from comity.core.verdict_tables import Words

REASONS: dict[str, Words] = {
    "digest": (
        "вміст не той, що в переліку",
        "内容が一覧と異なります",
        "its bytes are not those listed",
    ),
    "crc32": ("вміст пошкоджено", "内容が破損しています", "its bytes are damaged"),
    "none": ("позначки немає", "証明なし", "there is none"),
    "unknown": (
        "ви не назвали його серед тих, кому довіряєте",
        "信頼先に含まれていません",
        "it is not among those you trust",
    ),
    "expired": (
        "строк дії сертифіката минув, а довіреного часу підпису немає",
        "証明書の有効期限が切れており、信頼できる署名時刻もありません",
        "the certificate has ended and no trusted time dates the signature",
    ),
    "wrong_usage": (
        "сертифікат призначено для іншого",
        "証明書の用途が異なります",
        "the certificate is for another use",
    ),
    "other_key": (
        "ключ не той, якому ви довіряєте для цієї установи",
        "この機関について信頼されている鍵ではありません",
        "the key is not the one you trust for this authority",
    ),
    "not_the_senders": (
        "ключ не той, що в паспорті відправника",
        "差出人の記述子にある鍵ではありません",
        "the key is not the one in the sender's descriptor",
    ),
    "log.checkpoint": (
        "контрольну точку журналу не підтверджено",
        "台帳のチェックポイントが成り立たないため",
        "the ledger's checkpoint does not hold",
    ),
    "container.entry_changed": (
        "потрібний для цього файл змінено",
        "必要なファイルが変更されています",
        "a file that it needs has changed",
    ),
    "container.not_a_zip": (
        "це не ZIP або його кінець пошкоджено",
        "ZIPではないか、末尾が破損しています",
        "it is no ZIP, or its end is damaged",
    ),
    "container.not_sealed": ("у ньому немає печатки", "封印がありません", "there is no seal in it"),
    "container.compressed": (
        "у ньому стиснені файли, а контейнер таких не має",
        "圧縮されたファイルが含まれています(本形式では使いません)",
        "it holds compressed files, which a container never does",
    ),
    "container.unlisted_entry": (
        "є файл, якого немає в підписаному переліку",
        "署名済みの一覧にないファイルがあります",
        "it holds a file that the signed list lacks",
    ),
    "container.missing_entry": (
        "файлу, названого в переліку, немає",
        "一覧にあるファイルがありません",
        "a file that is listed is missing",
    ),
    "container.duplicate_entry": (
        "дві однакові назви файлів",
        "同じ名前のファイルが重複しています",
        "two files have the same name",
    ),
    "container.bad_name": (
        "недозволена назва файлу",
        "許されないファイル名があります",
        "a file name that is not allowed",
    ),
    "container.local_header": (
        "заголовок файлу суперечить змісту архіву",
        "ファイルのヘッダーが目録と一致しません",
        "a file's header contradicts the archive's directory",
    ),
    "container": (
        "будову контейнера порушено",
        "コンテナーの構造が正しくありません",
        "the container's structure is not right",
    ),
    "bag": ("переліки розходяться", "一覧が食い違っています", "the lists differ"),
    "cms.digest_mismatch": (
        "підписано інший вміст",
        "署名された内容と異なります",
        "something else was signed",
    ),
    "cms": ("підпис не є чинним", "署名が有効ではありません", "the signature is not valid"),
    "certificate": (
        "сертифікат не читається",
        "証明書を読めません",
        "the certificate cannot be read",
    ),
    "timestamp.wrong_imprint": (
        "позначку часу поставлено на інше",
        "別の対象へのタイムスタンプです",
        "the time-stamp is over something else",
    ),
    "timestamp.authority_unknown": (
        "цього надавача немає серед тих, кому ви довіряєте",
        "この時刻認証局は信頼先に含まれていません",
        "this authority is not among those you trust",
    ),
    "timestamp.certificate_expired": (
        "сертифікат надавача на той час не діяв",
        "その時点で時刻認証局の証明書は有効ではありませんでした",
        "the authority's certificate was not valid at that time",
    ),
    "timestamp": (
        "позначка часу не є чинною",
        "タイムスタンプが有効ではありません",
        "the time-stamp is not valid",
    ),
    "revocation.revoked": (
        "сертифікат відкликано",
        "証明書が失効しています",
        "the certificate is revoked",
    ),
    "revocation": (
        "список відкликаних сертифікатів не годиться",
        "失効リストを使えません",
        "the list of revoked certificates is no good",
    ),
    "renewal.ended": (
        "сертифікат закінчився, а пізнішого поновлення немає",
        "証明書が終了し、その後の更新がありません",
        "the certificate has ended and there is no later renewal",
    ),
    "renewal": (
        "поновлення не стосується цих позначок або не за формою",
        "更新の対象が異なるか、形式に合いません",
        "it is not over these time-stamps, or not in its form",
    ),
    "canonical": (
        "запис не має єдиної визначеної форми",
        "記録が定められた形式ではありません",
        "the record is not in its one form",
    ),
    "package.unexpected_entry": (
        "цього файлу опис не називає",
        "記述にないファイルです",
        "the description does not name this file",
    ),
    "package.other_checkpoint": (
        "належить до іншого стану журналу",
        "台帳の別の時点に関するものです",
        "it belongs to another state of the ledger",
    ),
    "container.encrypted": (
        "файл зашифровано (age): спершу розшифруйте його, потім перевірте",
        "age で暗号化されています。復号してから検証してください",
        "it is encrypted with age: decrypt it, then check what comes out",
    ),
    "package.other_ledger": (
        "це журнал не того вузла, що запечатав пакет",
        "パッケージを封印したノードの台帳ではありません",
        "it is not the ledger of the node that sealed the package",
    ),
    "package": (
        "опис не за формою",
        "記述が形式に合いません",
        "the description is not in its form",
    ),
    "custody.commitment": (
        "подробиці не ті, що їх зафіксовано в журналі",
        "詳細が台帳に記録されたものと異なります",
        "the details are not those that the ledger committed to",
    ),
    "custody": ("запис не за формою", "記録が形式に合いません", "the entry is not in its form"),
    "item.other_bytes": (
        "байти не ті, що названо в описі",
        "内容が記述と異なります",
        "its bytes are not those described",
    ),
    "item.entry_not_proven": (
        "названого запису журналу не доведено",
        "挙げられた台帳の記録が証明されていません",
        "a ledger entry that it names is not proven",
    ),
    "item.entries_of_others": (
        "названі записи журналу стосуються різних об’єктів",
        "挙げられた台帳の記録が別々の証拠物件に関するものです",
        "the ledger entries that it names are of different items",
    ),
    "item.taken_in_twice": (
        "журнал фіксує прийняття двох різних файлів під цим номером",
        "同じ証拠物件について異なる二つの受入れが台帳にあります",
        "the ledger records two different files taken in as this item",
    ),
    "item.condition_dropped": (
        "їх названо у вкладеному повідомленні того, хто передав",
        "同梱された提供元のメッセージには示されています",
        "the enclosed message of the node that sent it states them",
    ),
    "item.condition_unlisted": (
        "їх фіксує вкладений запис журналу",
        "同梱された台帳の記録には残っています",
        "an enclosed entry of the ledger records them",
    ),
    "item.not_in_log": (
        "журнал не фіксує прийняття саме цих байтів",
        "この内容の受入れが台帳に記録されていません",
        "the ledger does not record that these bytes were taken in",
    ),
    "case.differs": (
        "рядок не той, що випливає з package.json і custody.jsonl",
        "package.json と custody.jsonl から導かれる行と異なります",
        "a line is not the one that follows from package.json and custody.jsonl",
    ),
    "case.unknown_form": (
        "форма невідома",
        "形式が不明です",
        "the form is unknown",
    ),
    "growth.another_size": (
        "контрольна точка, яку ви додали, іншого розміру",
        "指定されたチェックポイントの件数が異なります",
        "the checkpoint that you brought is of another size",
    ),
    "growth.another_ledger": (
        "контрольна точка, яку ви додали, з іншого журналу",
        "指定されたチェックポイントは別の台帳のものです",
        "the checkpoint that you brought is of another ledger",
    ),
    "growth": (
        "це не доказ зростання",
        "追記のみの証明の形式ではありません",
        "this is not a proof of growth",
    ),
    "merkle": (
        "до журналу він не входить",
        "台帳に含まれていません",
        "it is not in the ledger",
    ),
    "logproof": (
        "підтвердження не за формою",
        "証明が形式に合いません",
        "the proof is not in its form",
    ),
    "note": (
        "підпис під контрольною точкою не є чинним",
        "チェックポイントの署名が有効ではありません",
        "the signature under the checkpoint is not valid",
    ),
    "checkpoint": (
        "контрольна точка не за формою",
        "チェックポイントが形式に合いません",
        "the checkpoint is not in its form",
    ),
    "descriptor.missing": (
        "паспорта відправника немає",
        "差出人の記述子がありません",
        "the sender's descriptor is missing",
    ),
    "descriptor": (
        "паспорт не є чинним",
        "記述子が有効ではありません",
        "the descriptor is not valid",
    ),
    "message.other_id": (
        "це інше повідомлення",
        "別のメッセージです",
        "it is another message",
    ),
    "message": (
        "повідомлення не за формою",
        "メッセージが形式に合いません",
        "the message is not in its form",
    ),
    "receipt.unknown_node": (
        "паспорта цього вузла немає; додайте його через --trust",
        "このノードの記述子がありません。--trust で指定してください",
        "there is no descriptor of this node; name one with --trust",
    ),
    "receipt.other_container": (
        "вона про інший контейнер, ніж вкладений",
        "同梱されたものとは別のコンテナーについてのものです",
        "it is about another container than the one enclosed",
    ),
    "receipt.other_ledger": (
        "вона свідчить про інший стан журналу",
        "台帳の別の内容を示しています",
        "it attests another state of the ledger",
    ),
    "receipt": ("квитанція не є чинною", "受領証が有効ではありません", "the receipt is not valid"),
    "statement": ("текст не за формою", "文が形式に合いません", "the text is not in its form"),
    "bundle": ("вона завелика", "大きすぎます", "it is too large"),
}
