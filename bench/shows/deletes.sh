#!/usr/bin/env bash
# The parent is deleted first, then its clones in random order, with writers running; check is clean and the stores shrink.
. "$(dirname "$0")/lib.sh"
up
cluster volume create base --size 2G >/dev/null
fio --name=fill --ioengine=nbd --uri="$uri/base" --rw=write --bs=1m --iodepth=4 --size=512m --minimal >/dev/null
echo "full: $(disk_mib) MiB"
cluster clone base c --count 20 >/dev/null
cluster volume create writer --size 1G >/dev/null
fio --name=w --ioengine=nbd --uri="$uri/writer" --rw=randwrite --bs=4k --iodepth=8 --size=256m --time_based --runtime=40 --minimal >fio-w.out & w=$!
for i in 03 11 17; do
  fio --name=c$i --ioengine=nbd --uri="$uri/c-00$i" --rw=randwrite --bs=4k --iodepth=4 --size=512m --io_size=24m --minimal >/dev/null
done
cluster volume rm base --now
for n in $(seq -f 'c-%04g' 1 20 | shuf --random-source=<(yes)); do cluster volume rm "$n" --now; done
wait $w
cluster check
cluster volume rm writer --now
for i in $(seq 60); do m=$(disk_mib); [ "$m" -lt 420 ] && break; sleep 1; done
echo "after all deletes: $m MiB on disk, Raft logs included"
[ "$m" -lt 420 ]
cluster check
