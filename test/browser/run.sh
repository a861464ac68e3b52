#!/bin/sh
# Builds the report page and tests it in Chromium. Exits 77, with the reason, only where Chromium is absent.
set -eu
cd "$(dirname "$0")"

CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if [ ! -x "$CHROMIUM" ]; then
  echo "skipped: no Chromium at $CHROMIUM (apt-get install chromium)"
  exit 77
fi
export CHROMIUM

# install FOLDER: what its lock file names, unless that already stands there.
install() {
  if ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed"; then
    (cd "$1" && npm ci --silent && cp package-lock.json node_modules/.installed)
  fi
}

if [ -z "${GNOMON_REPORT_HTML:-}" ]; then
  install ../../web/report
  (cd ../../web/report && npm run --silent check && npm run --silent build)
fi
install .
exec npm test --silent
