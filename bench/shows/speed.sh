#!/usr/bin/env bash
# A floor for speed: separate processes, three replicas, fio over NBD on a unix socket, a filled area.
. "$(dirname "$0")/lib.sh"
MODE=--separate
up --nbd "unix:$work/nbd.sock"
cluster volume create v --size 8G >/dev/null
u="nbd+unix:///v?socket=$work/nbd.sock"
area=${AREA:-4g}; runtime=${RUNTIME:-20}; ramp=${RAMP:-10}
run() { # NAME, fio options
  name=$1; shift
  fio --name=x --ioengine=nbd --uri="$u" --size=$area --output-format=json "$@" >fio.json
  json "'%-28s' % '$name' + ', '.join('%s %d IOPS %.0f MB/s p50 %.3f ms p99 %.3f ms' % (k, j['iops'], j['bw_bytes']/1e6, j['clat_ns']['percentile']['50.000000']/1e6, j['clat_ns']['percentile']['99.000000']/1e6) for k, j in ((k, d['jobs'][0][k]) for k in ('read', 'write')) if j['total_ios'])" <fio.json
}
timed="--time_based --ramp_time=$ramp --runtime=$runtime"
run "fill (first writes) 1M QD8" --rw=write --bs=1m --iodepth=8
run "sequential write 1M QD8" --rw=write --bs=1m --iodepth=8 $timed
run "sequential read 1M QD8" --rw=read --bs=1m --iodepth=8 $timed
run "random write 4k QD1" --rw=randwrite --bs=4k --iodepth=1 $timed
run "random write 4k QD32" --rw=randwrite --bs=4k --iodepth=32 $timed
run "random read 4k QD1" --rw=randread --bs=4k --iodepth=1 $timed
run "random read 4k QD32" --rw=randread --bs=4k --iodepth=32 $timed
run "write + fsync 4k QD1" --rw=randwrite --bs=4k --iodepth=1 --fsync=1 $timed
for c in "usage" "volume ls" "status"; do start=$(now_ms); cluster $c >/dev/null; echo "coppice $c: $(( $(now_ms) - start )) ms"; done
for p in $(cat .coppice/run/*.pid); do grep VmRSS /proc/$p/status; done | awk '{s+=$2} END {print "memory of all servers after the load:", int(s/1024), "MiB"}'
