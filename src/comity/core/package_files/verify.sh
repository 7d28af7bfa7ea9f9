#!/bin/sh
# Checks an unpacked court package without any software of Comity: sh, sed, awk, find, base64,
# sha256sum and openssl (3.0 or later) only. It trusts nobody by itself: name what you trust.
#
#   unzip package.asice -d folder
#   sh folder/comity/verify.sh [SEAL-CERTIFICATE.pem [TIME-ROOT.pem]]
#
# Ends with 0 if everything holds, else with 1 and the first thing that does not. What it does not
# check: receipts and the messages inside (comity-verify does), and revocation of certificates.
set -eu

seal=${1:+$(cd "$(dirname "$1")" && pwd)/$(basename "$1")}
time_root=${2:+$(cd "$(dirname "$2")" && pwd)/$(basename "$2")}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

fail() { echo "DOES NOT HOLD: $*" >&2; exit 1; }
sha256_binary() { openssl dgst -sha256 -binary; }
# 64 hex digits to 32 bytes, with nothing but awk and printf.
from_hex() {
    # The format is octal escapes that awk made from hex digits, nothing else.
    printf "$(printf '%s\n' "$1" | awk '{
        for (i = 1; i < length($0); i += 2)
            printf "\\%03o", (index("0123456789abcdef", substr($0, i, 1)) - 1) * 16 \
                + index("0123456789abcdef", substr($0, i + 1, 1)) - 1 }')"
}
without_signatures() { sed '/^$/,$d' "$1"; }

echo "1. Files against the bag's lists"
sha256sum --strict --quiet -c manifest-sha256.txt || fail "a file in data/ has changed"
sha256sum --strict --quiet -c tagmanifest-sha256.txt || fail "a file beside data/ has changed"

echo "2. Files against the signed list"
manifest=META-INF/ASiCManifest001.xml
sed -n 's/^<asic:DataObjectReference URI="\([^"]*\)".*<ds:DigestValue>\([^<]*\)<.*/\2 \1/p' \
    "$manifest" > "$work/listed"
while read -r digest name; do
    [ -f "$name" ] || fail "missing: $name"
    [ "$(sha256_binary < "$name" | base64)" = "$digest" ] || fail "changed: $name"
done < "$work/listed"
count=$(find . -type f | wc -l)
[ "$count" -eq $(($(wc -l < "$work/listed") + 2)) ] || fail "a file that the signed list lacks"

echo "3. The seal over the signed list"
if [ -n "$seal" ]; then
    openssl cms -verify -cades -binary -inform DER -in META-INF/signature001.p7s \
        -content "$manifest" -CAfile "$seal" -partial_chain -no_check_time -out /dev/null \
        2> "$work/log" || fail "the seal: $(tail -1 "$work/log")"
else
    # openssl joins -cades to a check of the certificate, so here it is left out.
    openssl cms -verify -binary -inform DER -in META-INF/signature001.p7s \
        -content "$manifest" -noverify -out /dev/null \
        2> "$work/log" || fail "the seal: $(tail -1 "$work/log")"
    echo "   intact, but you named no certificate: the signer is UNKNOWN"
fi

echo "4. The ledger's signature under the checkpoint"
from=$(sed -n 's/^.*,"from":"\([a-z0-9.-]*\)","items":\[.*$/\1/p' comity/package.json)
key=
for file in comity/descriptors/*.jws; do
    payload=$(cut -d. -f2 < "$file" | tr -d '\n' | tr '_-' '/+')
    while [ $((${#payload} % 4)) -ne 0 ]; do payload="$payload="; done
    printf '%s' "$payload" | base64 -d > "$work/descriptor"
    if grep -qF "\"node_id\":\"$from\"" "$work/descriptor"; then
        key=$(sed 's/^.*"ledger_key":"\([^"]*\)".*$/\1/' "$work/descriptor")
    fi
done
[ -n "$key" ] || fail "no descriptor of the sender"
without_signatures comity/checkpoint > "$work/head"
origin=$(sed -n 1p "$work/head")
size=$(sed -n 2p "$work/head")
# Base64 may hold '+', so the key is what follows name and key id.
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'
  printf '%s' "$key" | sed 's/^[^+]*+[^+]*+//' | base64 -d | tail -c 32; } > "$work/key"
[ "${key%%+*}" = "$origin" ] || fail "the checkpoint is of another ledger"
sed -n "s|^— $origin \(.*\)\$|\1|p" comity/checkpoint | head -1 | base64 -d | tail -c 64 \
    > "$work/signature"
openssl pkeyutl -verify -pubin -inkey "$work/key" -keyform DER -rawin -in "$work/head" \
    -sigfile "$work/signature" > "$work/log" 2>&1 || fail "the ledger's signature"

echo "5. Every entry against the ledger's root"
sed -n 3p "$work/head" | base64 -d > "$work/root"
: > "$work/ingested"
while IFS= read -r line; do
    index=$(printf '%s\n' "$line" | sed 's/^.*,"index":\([0-9]*\),"salt":.*$/\1/')
    printf '%s\n' "$line" | sed 's/^.*,"entry":\({.*}\),"index":[0-9]*,"salt":.*$/\1/' \
        | tr -d '\n' > "$work/entry"
    proof=comity/proofs/$index.tlog-proof
    [ "$(sed -n 2p "$proof")" = "index $index" ] || fail "entry $index: its proof is of another"
    sed '1,/^$/d' "$proof" > "$work/note"
    without_signatures "$work/note" | cmp -s - "$work/head" || fail "entry $index: other checkpoint"
    { printf '\000'; cat "$work/entry"; } | sha256_binary > "$work/hash"
    at=$index
    last=$((size - 1))
    for sibling in $(sed -n '3,/^$/p' "$proof"); do
        printf '%s' "$sibling" | base64 -d > "$work/sibling"
        if [ $((at % 2)) -eq 1 ] || [ "$at" -eq "$last" ]; then
            set -- "$work/sibling" "$work/hash"
            while [ $((at % 2)) -eq 0 ] && [ "$at" -ne 0 ]; do at=$((at / 2)) last=$((last / 2)); done
        else
            set -- "$work/hash" "$work/sibling"
        fi
        { printf '\001'; cat "$1" "$2"; } | sha256_binary > "$work/next"
        mv "$work/next" "$work/hash"
        at=$((at / 2)) last=$((last / 2))
    done
    [ "$last" -eq 0 ] && cmp -s "$work/hash" "$work/root" || fail "entry $index is not in the ledger"
    salt=$(printf '%s\n' "$line" | sed -n 's/^.*,"salt":"\([0-9a-f]*\)"}$/\1/p')
    if [ -n "$salt" ]; then
        details=$(printf '%s\n' "$line" | sed 's/^{"details":\(.*\),"entry":{.*$/\1/')
        committed=$({ from_hex "$salt"; printf '%s' "$details"; } | sha256sum | cut -d' ' -f1)
        grep -qF "\"commitment\":\"$committed\"" "$work/entry" || fail "entry $index: its details"
        if grep -qF '"kind":"evidence.item_ingested"' "$work/entry"; then
            printf '%s\n' "$details" | sed -n 's/^.*"sha256":"\([0-9a-f]*\)".*$/\1/p' \
                >> "$work/ingested"
        fi
    fi
done < comity/custody.jsonl

echo "6. Every item against its entry"
grep -o '"number":"[^"]*","path":"[^"]*","sha256":"[0-9a-f]*"' comity/package.json \
    | sed 's/.*"path":"\([^"]*\)","sha256":"\([0-9a-f]*\)"/\2  \1/' > "$work/items" || true
while read -r digest name; do
    grep -qxF "$digest  $name" manifest-sha256.txt || fail "$name is not the item listed"
    grep -qxF "$digest" "$work/ingested" || fail "$name is not what the ledger recorded"
done < "$work/items"

echo "7. Trusted time over the checkpoint, and its renewals"
# Certificates are judged without today's date: that they were valid when they stamped, openssl does
# not look at here; comity-verify does.
is_stamped() {
    openssl ts -verify -in "$1" -data "$2" -CAfile "$time_root" -no_check_time > "$work/log" 2>&1
}
# A cosignature that came after the stamp does not spoil it: try with fewer of the last lines.
is_note_stamped() {
    cp comity/checkpoint "$work/note"
    left=$(sed '1,/^$/d' comity/checkpoint | wc -l)
    until is_stamped "$1" "$work/note"; do
        left=$((left - 1))
        [ "$left" -ge 1 ] || return 1
        sed '$d' "$work/note" > "$work/shorter"
        mv "$work/shorter" "$work/note"
    done
}
for reply in comity/time/*.tsr; do
    if [ ! -f "$reply" ]; then
        echo "   none enclosed"
    elif [ -z "$time_root" ]; then
        echo "   you named no root of a time-stamp authority: NOT CHECKED"
    else
        case $reply in
            */renewal-*)
                is_stamped "$reply" "${reply%.tsr}.json" || fail "the renewal $reply"
                for token in comity/time/[0-9]*.tsr; do
                    named=$(sha256sum < "$token" | cut -d' ' -f1)
                    grep -qF "\"$named\"" "${reply%.tsr}.json" || fail "$reply is not over $token"
                done ;;
            *) is_note_stamped "$reply" || fail "the time-stamp $reply" ;;
        esac
        openssl ts -reply -in "$reply" -text 2> /dev/null | sed -n 's/^Time stamp: /   /p'
    fi
done
echo "EVERYTHING CHECKED HOLDS"
