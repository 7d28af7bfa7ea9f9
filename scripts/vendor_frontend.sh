#!/bin/sh
# Fetches the front-end files that the node ships and the tests use. Only maintainers run it; its results are committed.
# Needs: npm (only to download packages; nothing of theirs is run), tar. Usage: sh scripts/vendor_frontend.sh
set -eu

GOVUK=govuk-frontend@6.6.0   # MIT: behaviour of accordions, error summaries, character counts
LUCIDE=lucide-static@1.62.0  # ISC, with MIT for icons derived from Feather
TUS=tus-js-client@4.3.1      # MIT: uploads that stop and go on; its licence file names what is inside
AXE=axe-core@4.14.1          # MPL-2.0, tests only, never shipped
# htmx 2.0.10 is not here: it comes inside the Python package django-htmx (static file django_htmx/htmx-2.min.js).
# comity.css is built by src/comity/ui/css/build.mjs from the two sources beside it; the same bytes come out each time.

root=$(cd "$(dirname "$0")/.." && pwd)
ui=$root/src/comity/ui
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unpack() { # unpack NAME@VERSION FOLDER
    mkdir "$work/$2"
    (cd "$work/$2" && npm pack --silent --ignore-scripts "$1" >/dev/null && tar -xzf ./*.tgz)
}

unpack "$GOVUK" govuk
unpack "$LUCIDE" lucide
unpack "$AXE" axe
unpack "$TUS" tus

mkdir -p "$ui/icons" "$ui/static/ui/licences" "$root/tests/browser/vendor"
# The source map is not shipped, so its reference goes: a manifest storage would look for the file.
sed -e 's,//# sourceMappingURL=.*$,,' "$work/govuk/package/dist/govuk/govuk-frontend.min.js" \
    > "$ui/static/ui/govuk-frontend.min.js"
sed -e 's,//# sourceMappingURL=.*$,,' "$work/tus/package/dist/tus.min.js" > "$ui/static/ui/tus.min.js"
cp "$work/lucide/package/LICENSE" "$ui/static/ui/licences/lucide.txt"
cp "$work/axe/package/axe.min.js" "$root/tests/browser/vendor/axe.min.js"
cp "$work/axe/package/LICENSE" "$root/tests/browser/vendor/axe-LICENSE.txt"

# Each icon is reduced to its shapes: the template tag writes the <svg> round them.
while read -r name; do
    [ -n "$name" ] || continue
    sed -e 's/<!--.*-->//' "$work/lucide/package/icons/$name.svg" | tr '\n' ' ' \
        | sed -e 's/<svg[^>]*>//' -e 's/<\/svg>//' -e 's/  */ /g' -e 's/^ //' -e 's/ $//' \
        > "$ui/icons/$name.svg"
done < "$ui/icons/NAMES.txt"
echo "Vendored $GOVUK, $LUCIDE ($(ls "$ui"/icons/*.svg | wc -l) icons) $TUS and $AXE."
