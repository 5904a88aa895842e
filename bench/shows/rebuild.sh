#!/usr/bin/env bash
# A store of SIZE GiB (5) is lost for good under load: time until all data has its replicas again, the client's p99 before
# and during, all data verified. Four nodes, three replicas, separate processes, fio over NBD.
. "$(dirname "$0")/lib.sh"
MODE=--separate
size=${SIZE:-5}; runtime=${RUNTIME:-30}; qd=${QD:-8}; rate=${RATE:-}
up --nodes 4 --repair-after 3s --nbd "unix:$work/nbd.sock"
mib=$(( size * 1024 * 4 / 3 ))
cluster volume create v --size "${mib}MiB" >/dev/null
u="nbd+unix:///v?socket=$work/nbd.sock"
load=(--name=x --ioengine=nbd --uri="$u" --size="${mib}m" --rw=randwrite --bs=4k --iodepth="$qd" --time_based
  --output-format=json ${rate:+--rate_iops=$rate})
tell() { json "'%s: %d IOPS, p50 %.3f ms, p99 %.3f ms, longest %.0f ms' % ('$2', w['iops'], w['clat_ns']['percentile']['50.000000']/1e6, w['clat_ns']['percentile']['99.000000']/1e6, w['clat_ns']['max']/1e6) if (w := d['jobs'][0]['write']) else ''" <"$1"; }
fio --name=fill --ioengine=nbd --uri="$u" --size="${mib}m" --rw=write --bs=1m --iodepth=8 --output=/dev/null
fio "${load[@]}" --ramp_time=5 --runtime="$runtime" --output=before.json
tell before.json "before"
store_mib=$(du -sm .coppice/data/node2 | cut -f1)
fio "${load[@]}" --runtime=3600 --output=during.json & fio_pid=$!
sleep 3
start=$(now_ms)
kill_server node2 9
rm -rf .coppice/data/node2
echo "node2 is killed and its store of $store_mib MiB deleted, under load"
until [ "$(cluster status -o json | json "d['repair']['bytes_left']")" -gt 0 ]; do sleep 1; done
began=$(now_ms)
shown=0
until [ "$(whole)" = 1 ]; do
  [ $shown = 0 ] && sleep 2 && cluster status | grep repair && shown=1
  sleep 5 # each question starts a process of a second, on the clients' processors
done
end=$(now_ms)
kill -INT $fio_pid; wait $fio_pid || true
tell during.json "from the loss to the end"
moved=0; for n in node1 node3 node4; do moved=$(( moved + $(metric $n node_resync_bytes) )); done
echo "whole again $(( end - start )) ms after the kill ($(( end - began )) ms after the rebuild began), $(( moved >> 20 )) MiB moved, $(( (moved >> 20) * 1000 / (end - began) )) MiB/s"
p99() { json "int(d['jobs'][0]['write']['clat_ns']['percentile']['99.000000'])" <"$1"; }
echo "p99 during / before: $(( $(p99 during.json) * 100 / $(p99 before.json) )) %"
cluster node remove node2
cluster node ls
cluster check --deep
