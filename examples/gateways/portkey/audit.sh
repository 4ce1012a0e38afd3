#!/bin/sh
# Installs the Portkey gateway into a throw-away folder, starts it, audits it and stops it.
# Needs Node.js and npm, and llminv in .venv of this checkout, or named by LLMINV. Arguments go to `llminv run`:
# --select ID, -n 20; those that begin with "replay", and the file of a bug, to `llminv replay`.
set -eu

start=$PWD
here=$(cd "$(dirname "$0")" && pwd)
llminv=${LLMINV:-$here/../../../.venv/bin/llminv}
work=$(mktemp -d)
gateway=

stop() {
    [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

cd "$work"
ln -s "$here" invariants
npm install --silent --no-audit --no-fund "@portkey-ai/gateway@${VERSION:-1.15.2}"
"$llminv" serve --print-config portkey --invariants invariants > portkey.json

# It refuses providers at addresses of this machine unless they are trusted.
export PORT=8787 TRUSTED_CUSTOM_HOSTS=127.0.0.1
node node_modules/@portkey-ai/gateway/build/start-server.js --headless > log 2>&1 &
gateway=$!
tries=0
until node -e 'require("net").connect(8787, "127.0.0.1", process.exit)' 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ] || ! kill -0 "$gateway" 2>/dev/null; then
        tail -n 20 log >&2
        exit 2
    fi
    sleep 1
done

if [ "${1:-}" = replay ]; then
    cd "$start"
    "$llminv" "$@" --handler "gateway:http://127.0.0.1:8787/v1#$work/portkey.json"
else
    "$llminv" run --handler 'gateway:http://127.0.0.1:8787/v1#portkey.json' --invariants invariants "$@"
fi
