# What the scripts of the gateways share: each sources it, with `here`, its own folder. It goes to a throw-away
# folder, which has the declarations as `invariants`; at the end that folder is removed and the gateway stopped.
# Needs llminv in .venv of this checkout, or named by LLMINV.
start=$PWD
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

# start_gateway PORT COMMAND...: runs the command and waits until somebody listens at the port.
start_gateway() {
    port=$1
    shift
    "$@" > log 2>&1 &
    gateway=$!
    tries=0
    until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" -gt 120 ] || ! kill -0 "$gateway" 2>/dev/null; then
            tail -n 20 log >&2
            exit 2
        fi
        sleep 1
    done
}

# audit ADDRESS FILE ARGUMENT...: audits the gateway at the address; FILE says what its requests need, or is "".
# Arguments that begin with "replay", and the file of a bug, go to `llminv replay`.
audit() {
    spec=gateway:$1
    file=$2
    shift 2
    if [ "${1:-}" = replay ]; then
        cd "$start"
        "$llminv" "$@" --handler "$spec${file:+#$work/$file}"
    else
        "$llminv" run --handler "$spec${file:+#$file}" --invariants invariants "$@"
    fi
}
