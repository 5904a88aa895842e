#!/usr/bin/env bash
# Where the time goes: on one fresh cluster of separate processes, both processors are sampled for SECONDS_EACH (20) of each row
# of ROWS from its 15th second on. Told of each row: IOPS, the samples by thread and by kind of code, and the TOP (25)
# functions. Needs perf and root; TO=DIR keeps the whole lists there.
. "$(dirname "$0")/lib.sh"
MODE=--separate
rows=${ROWS:-w1 r1 fsync w32 r32 sw sr}; seconds=${SECONDS_EACH:-20}; top=${TOP:-25}; to=${TO:-$work}
declare -A lines=(
  [w1]="--rw=randwrite --bs=4k --iodepth=1" [r1]="--rw=randread --bs=4k --iodepth=1"
  [fsync]="--rw=randwrite --bs=4k --iodepth=1 --fsync=1" [w32]="--rw=randwrite --bs=4k --iodepth=32"
  [r32]="--rw=randread --bs=4k --iodepth=32" [sw]="--rw=write --bs=1m --iodepth=8" [sr]="--rw=read --bs=1m --iodepth=8")
up --insecure --nbd "unix:$work/nbd.sock" # as the report does
cluster volume create v --size 4G >/dev/null
u="nbd+unix:///v?socket=$work/nbd.sock"
fio --name=fill --ioengine=nbd --uri="$u" --size=4g --rw=write --bs=1m --iodepth=8 --output=/dev/null
pids=$(cat .coppice/run/*.pid)
tell() { # tell TITLE LINES: the first lines of a report that have a share
  echo "$1"
  awk -v lines="$2" '/^ +[0-9]/ && lines-- > 0 { $1 = "  " $1; print }'
}
for row in $rows; do
  read -ra how <<<"${lines[$row]}"
  fio --name=x --ioengine=nbd --uri="$u" --size=4g "${how[@]}" --time_based --ramp_time=15 --runtime=$(( seconds + 5 )) \
    --output-format=json --output="$to/$row.json" & fio_pid=$!
  sleep 15
  perf record -q -a -F 499 -o "$work/perf.data" -- sleep "$seconds" 2>/dev/null
  wait $fio_pid
  for pid in $pids; do "$(dirname "$(readlink -f "/proc/$pid/exe")")/jcmd" "$pid" Compiler.perfmap >/dev/null; done
  echo "== $row: $(json "', '.join('%s %d IOPS, p50 %.0f us, p99 %.0f us' % (k, o['iops'], o['clat_ns']['percentile']['50.000000']/1e3, o['clat_ns']['percentile']['99.000000']/1e3) for k in ('read', 'write') if (o := d['jobs'][0][k])['iops'])" <"$to/$row.json")"
  perf report -q -i "$work/perf.data" --sort comm 2>/dev/null | tell "by thread" 16
  perf report -q -i "$work/perf.data" --sort dso 2>/dev/null | tell "by code" 8
  perf report -q -i "$work/perf.data" --sort symbol 2>/dev/null | tee "$to/$row.txt" | tell "by function" "$top"
done
