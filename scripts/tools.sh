#!/usr/bin/env bash
# The foreign programs that check our formats, and the browser. Installs them when it may.
set -euo pipefail
declare -A package=(
  [openssl]=openssl [unzip]=unzip [pdfsig]=poppler-utils [pdftotext]=poppler-utils
  [chromium]=chromium [soffice]=libreoffice-writer-nogui [xgettext]=gettext
  [exiftool]=libimage-exiftool-perl [tesseract]=tesseract-ocr [age]=age [bwrap]=bubblewrap
  [ffmpeg]=ffmpeg [gpg]=gnupg
)
needed=(openssl unzip pdfsig chromium xgettext soffice exiftool tesseract age bwrap ffmpeg gpg)
missing=()
for tool in "${needed[@]}"; do command -v "$tool" >/dev/null || missing+=("${package[$tool]}"); done
if ! fc-list 2>/dev/null | grep -qi "noto.*cjk"; then missing+=(fonts-noto-cjk); fi
if ! fc-list 2>/dev/null | grep -qi "NotoSans-Regular"; then missing+=(fonts-noto-core); fi
if command -v tesseract >/dev/null; then languages="$(tesseract --list-langs 2>/dev/null || true)"; else languages=""; fi
for language in ukr jpn eng rus; do
  grep -qx "$language" <<<"$languages" || missing+=("tesseract-ocr-$language")
done
if [ ${#missing[@]} -eq 0 ]; then echo "All here."; exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "The tests need these packages; install them and run again: ${missing[*]}"
  exit 2
fi
