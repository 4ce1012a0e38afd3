#!/bin/sh
# Installs LiteLLM's proxy into a throw-away environment, starts it, audits it and stops it.
# Arguments go to `llminv run`: --select ID, -n 20; those that begin with "replay", and the file of a bug, to
# `llminv replay`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../gateway.sh"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "litellm[proxy]==${VERSION:-1.106.2}"
"$llminv" serve --print-config litellm-proxy --invariants invariants > config.yaml

export LITELLM_LOCAL_MODEL_COST_MAP=True  # prices are read from the package: it would fetch them otherwise
start_gateway 4000 venv/bin/litellm --config config.yaml --host 127.0.0.1 --port 4000
audit http://127.0.0.1:4000/v1 "" "$@"
