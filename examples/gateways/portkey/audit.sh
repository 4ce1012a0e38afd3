#!/bin/sh
# Installs the Portkey gateway into a throw-away folder, starts it, audits it and stops it. Needs Node.js and npm.
# Arguments go to `llminv run`: --select ID, -n 20; those that begin with "replay", and the file of a bug, to
# `llminv replay`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../gateway.sh"

npm install --silent --no-audit --no-fund "@portkey-ai/gateway@${VERSION:-1.15.2}"
"$llminv" serve --print-config portkey --invariants invariants > portkey.json

# It refuses providers at addresses of this machine unless they are trusted.
export PORT=8787 TRUSTED_CUSTOM_HOSTS=127.0.0.1
start_gateway "$PORT" node node_modules/@portkey-ai/gateway/build/start-server.js --headless
audit "http://127.0.0.1:$PORT/v1" portkey.json "$@"
