#!/bin/sh
# Whether the broker works. Its monitoring port is on its own loopback, inside the container.
#
# A store that met a full disk refuses every write from then on, also when there is room again (measured, NATS 2.15.1), and only a
# restart mends it: what was confirmed is in its file. So when the store says "write error" and the disk has room, the broker is
# ended here; its restart policy starts it again. Without room a restart would change nothing.
port=${1:-8222}
store=${2:-/data/broker}
least_kilobytes=8192

answer=$(printf 'GET /healthz HTTP/1.0\r\n\r\n' | nc -w 4 127.0.0.1 "$port") || exit 1
case $answer in
    *'"status":"ok"'*) exit 0 ;;
    *'write error'*)
        free=$(df -P -k "$store" | awk 'NR == 2 { print $4 }')
        echo "the store cannot be written, ${free:-?} KiB are free"
        [ "${free:-0}" -ge "$least_kilobytes" ] && kill -s TERM 1
        exit 1
        ;;
    *)
        echo "$answer"
        exit 1
        ;;
esac
