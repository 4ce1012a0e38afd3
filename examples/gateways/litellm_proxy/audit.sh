#!/bin/sh
# Installs LiteLLM's proxy into a throw-away environment, starts it, audits it and stops it.
# Needs llminv in .venv of this checkout, or named by LLMINV. Arguments go to `llminv run`: --select ID, -n 20;
# those that begin with "replay", and the file of a bug, to `llminv replay`.
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
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "litellm[proxy]==${VERSION:-1.106.2}"
"$llminv" serve --print-config litellm-proxy --invariants invariants > config.yaml

# Prices are read from the package: it would fetch them otherwise.
LITELLM_LOCAL_MODEL_COST_MAP=True venv/bin/litellm --config config.yaml --host 127.0.0.1 --port 4000 > log 2>&1 &
gateway=$!
tries=0
until venv/bin/python -c 'import socket; socket.create_connection(("127.0.0.1", 4000))' 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ] || ! kill -0 "$gateway" 2>/dev/null; then
        tail -n 20 log >&2
        exit 2
    fi
    sleep 1
done

if [ "${1:-}" = replay ]; then
    cd "$start"
    "$llminv" "$@"
else
    "$llminv" run --handler gateway:http://127.0.0.1:4000/v1 --invariants invariants "$@"
fi
