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
# What awk is given first: numbers of base64 and hex digits, and both as octal escapes for printf, so
# that thousands of hashes take one process and not one each.
cat > "$work/convert.awk" <<'AWK'
BEGIN {
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (i = 1; i <= 64; i++) six[substr(digits, i, 1)] = i - 1
    for (i = 0; i < 256; i++) {
        hex_of[i] = sprintf("%02x", i)
        octal_of[hex_of[i]] = sprintf("\\%03o", i)
    }
}
function hex_from_base64(text,   i, found, bits, held) {
    found = ""; bits = 0; held = 0
    for (i = 1; i <= length(text); i++) {
        if (!(substr(text, i, 1) in six)) break
        held = held * 64 + six[substr(text, i, 1)]
        bits += 6
        if (bits >= 8) {
            bits -= 8
            found = found hex_of[int(held / 2 ^ bits)]
            held %= 2 ^ bits
        }
    }
    return found
}
function octal_from_hex(text,   i, found) {
    found = ""
    for (i = 1; i < length(text); i += 2) found = found octal_of[substr(text, i, 2)]
    return found
}
AWK
convert() { program=$1; shift; awk -f "$work/convert.awk" -f "$work/$program" "$@"; }
# Hashes the files that standard input names, each as a number in $work/n: "number digest" a line.
digests() {
    cat > "$work/named"
    [ ! -s "$work/named" ] || (cd "$work/n" && xargs sha256sum) < "$work/named" \
        | awk '{ print $2, $1 }'
}
without_signatures() { sed '/^$/,$d' "$1"; }

echo "1. Files against the bag's lists"
sha256sum --strict --quiet -c manifest-sha256.txt || fail "a file in data/ has changed"
sha256sum --strict --quiet -c tagmanifest-sha256.txt || fail "a file beside data/ has changed"

echo "2. Files against the signed list"
manifest=META-INF/ASiCManifest001.xml
cat > "$work/signed.awk" <<'AWK'
match($0, /^<asic:DataObjectReference URI="[^"]*"/) {
    name = substr($0, 32, RLENGTH - 32)
    if (!match($0, /<ds:DigestValue>[^<]*</)) next
    print hex_from_base64(substr($0, RSTART + 16, RLENGTH - 17)) "  " name
}
AWK
convert signed.awk "$manifest" > "$work/listed"
grep -q . "$work/listed" || fail "the signed list is empty"
sha256sum --strict --quiet -c "$work/listed" > "$work/log" 2>&1 \
    || fail "changed or missing: $(head -1 "$work/log")"
# Links and devices count too: whatever is no folder must be on the list.
count=$(find . ! -type d | wc -l)
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
mkdir "$work/n"
line_parts() { sed "s/^{\"details\":\(.*\),\"entry\":\({.*}\),\"index\":\([0-9]*\),\"salt\":\(.*\)}\$/$1/" \
    comity/custody.jsonl; }
line_parts '\1' > "$work/details"
line_parts '\2' > "$work/entries"
line_parts '\3' > "$work/indexes"
line_parts '\4' | tr -d '"' > "$work/salts"
grep -vqx '[0-9][0-9]*' "$work/indexes" && fail "a line of custody.jsonl is not in its form"
twice=$(sort "$work/indexes" | uniq -d | head -1)
[ -z "$twice" ] || fail "entry $twice stands there twice"

# The proofs: what to hash with what, level by level. Lines: number, level, side, sibling in octal.
cat > "$work/proofs.awk" <<'AWK'
BEGIN { while ((getline line < head) > 0) wanted = wanted line "\n" }
FNR == 1 {
    close_proof()
    open_proof = 1; part = 0; note = ""; level = 0
    index_named = FILENAME; sub(/^.*\//, "", index_named); sub(/\..*$/, "", index_named)
    at = index_named + 0; last = size - 1
    next
}
FNR == 2 { if ($0 != "index " index_named) wrong("its proof is of another"); next }
$0 == "" { part++; next }
part == 0 {
    if (last == 0) { wrong("its proof is too long"); next }
    side = (at % 2 == 1 || at == last) ? "L" : "R"
    if (side == "L") while (at % 2 == 0 && at != 0) { at = int(at / 2); last = int(last / 2) }
    print index_named, ++level, side, octal_from_hex(hex_from_base64($0))
    at = int(at / 2); last = int(last / 2)
}
part == 1 { note = note $0 "\n" }
END { close_proof() }
function wrong(why) { print index_named, "wrong", why }
function close_proof() {
    if (!open_proof) return
    if (last != 0) wrong("its proof is too short")
    if (note != wanted) wrong("other checkpoint")
}
AWK
: > "$work/steps"
while read -r index; do
    [ -f "comity/proofs/$index.tlog-proof" ] || fail "entry $index: its proof is missing"
done < "$work/indexes"
if [ -s "$work/indexes" ]; then
    sed 's|.*|comity/proofs/&.tlog-proof|' "$work/indexes" \
        | xargs awk -v head="$work/head" -v size="$size" -f "$work/convert.awk" \
            -f "$work/proofs.awk" > "$work/steps"
fi
wrong=$(sed -n 's/^\([0-9]*\) wrong /\1: /p' "$work/steps" | head -1)
[ -z "$wrong" ] || fail "entry $wrong"

# Each entry's own hash, then all of them a level up, until each stands at the root.
exec 3< "$work/indexes" 4< "$work/entries"
while IFS= read -r index <&3 && IFS= read -r entry <&4; do
    printf '\000%s' "$entry" > "$work/n/$index"
done
digests < "$work/indexes" > "$work/now"
# Neighbours share what stands above them: the same bytes are hashed once, under the first's number.
cat > "$work/level.awk" <<'AWK'
FILENAME == now { held[$1] = $2; next }
$2 == level {
    mine = octal_from_hex(held[$1])
    bytes = ($3 == "L" ? $4 mine : mine $4)
    if (!(bytes in first)) { first[bytes] = $1; print $1, bytes > pairs }
    print $1, first[bytes]
}
AWK
level=1
while awk -v level=$level '$2 == level { found = 1; exit } END { exit !found }' "$work/steps"; do
    convert level.awk -v now="$work/now" -v level=$level -v pairs="$work/pairs" \
        "$work/now" "$work/steps" > "$work/whose"
    while read -r index bytes; do
        # The format is octal escapes that awk made from hex digits, nothing else.
        printf "\\001$bytes" > "$work/n/$index"
    done < "$work/pairs"
    cut -d' ' -f1 "$work/pairs" | digests > "$work/next"
    awk -v next_ones="$work/next" -v whose="$work/whose" '
        FILENAME == next_ones { digest[$1] = $2; next }
        FILENAME == whose { above[$1] = digest[$2]; next }
        { print $1, ($1 in above ? above[$1] : $2) }' \
        "$work/next" "$work/whose" "$work/now" > "$work/later"
    mv "$work/later" "$work/now"
    level=$((level + 1))
done
root=$(sed -n 3p "$work/head" | base64 -d | od -An -v -tx1 | tr -d ' \n')
outside=$(awk -v root="$root" '$2 != root { print $1; exit }' "$work/now")
[ -z "$outside" ] || fail "entry $outside is not in the ledger"

# Details: what the entry committed to, with its salt before them.
awk -v salts="$work/salts" -f "$work/convert.awk" -f /dev/stdin "$work/indexes" \
    > "$work/salted" <<'AWK'
{ getline salt < salts; print (salt ~ /^[0-9a-f]+$/) ? octal_from_hex(salt) : "-" }
AWK
: > "$work/told"
exec 3< "$work/indexes" 4< "$work/salted" 5< "$work/details"
while IFS= read -r index <&3 && IFS= read -r salt <&4 && IFS= read -r details <&5; do
    [ "$salt" != - ] || continue
    { printf "$salt"; printf '%s' "$details"; } > "$work/n/$index"
    echo "$index" >> "$work/told"
done
digests < "$work/told" > "$work/commitments"
cat > "$work/commitments.awk" <<'AWK'
FILENAME == commitments { said[$1] = $2; next }
{
    getline index_of < indexes
    if (index_of in said && !index($0, "\"commitment\":\"" said[index_of] "\"")) {
        print index_of
        exit
    }
}
AWK
changed=$(awk -v commitments="$work/commitments" -v indexes="$work/indexes" \
    -f "$work/commitments.awk" "$work/commitments" "$work/entries")
[ -z "$changed" ] || fail "entry $changed: its details"
cat > "$work/ingested.awk" <<'AWK'
{ getline entry < entries; getline salt < salts }
salt != "null" && index(entry, "\"kind\":\"evidence.item_ingested\"") {
    if (match($0, /^.*"sha256":"[0-9a-f]*"/)) print substr($0, RLENGTH - 64, 64)
}
AWK
awk -v entries="$work/entries" -v salts="$work/salts" -f "$work/ingested.awk" "$work/details" \
    > "$work/ingested"

echo "6. Every item against its entry"
grep -o '"number":"[^"]*","path":"[^"]*","sha256":"[0-9a-f]*"' comity/package.json \
    | sed 's/.*"path":"\([^"]*\)","sha256":"\([0-9a-f]*\)"/\2  \1/' > "$work/items" || true
cat > "$work/items.awk" <<'AWK'
FILENAME == ingested { taken[$1] = 1; next }
FILENAME == manifest { listed[$0] = 1; next }
!($0 in listed) { print $2 " is not the item listed"; exit }
!($1 in taken) { print $2 " is not what the ledger recorded"; exit }
AWK
wrong=$(awk -v ingested="$work/ingested" -v manifest=manifest-sha256.txt -f "$work/items.awk" \
    "$work/ingested" manifest-sha256.txt "$work/items")
[ -z "$wrong" ] || fail "$wrong"

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
