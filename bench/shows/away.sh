#!/usr/bin/env bash
# A node is away for AWAY seconds (60) under load: bytes moved to catch up against bytes written meanwhile.
. "$(dirname "$0")/lib.sh"
MODE=--separate
away=${AWAY:-60}; size=${SIZE:-4}
up --nbd "unix:$work/nbd.sock"
cluster volume create v --size "${size}G" >/dev/null
u="nbd+unix:///v?socket=$work/nbd.sock"
fio --name=fill --ioengine=nbd --uri="$u" --size="${size}g" --rw=write --bs=1m --iodepth=8 --output=/dev/null
moved() { metric node3 node_resync_bytes; }
round() { # round NAME, fio options: what is written while node3 is away
  name=$1; shift
  kill_server node3 9
  fio --name=x --ioengine=nbd --uri="$u" --size="${size}g" --iodepth=8 --output-format=json --output=fio.json --time_based --runtime="$away" "$@"
  start=$(now_ms); up; await_whole; end=$(now_ms)
  written=$(json "d['jobs'][0]['write']['io_bytes']" <fio.json)
  echo "$name: $(( written >> 20 )) MiB written meanwhile, $(( $(moved) >> 20 )) MiB moved to catch up, whole again in $(( end - start )) ms (the start of the process included)"
}
round "4 KiB random, $away s" --rw=randwrite --bs=4k
round "64 KiB sequential, $away s" --rw=write --bs=64k --rate=40m
cluster check --deep
