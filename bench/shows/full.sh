#!/usr/bin/env bash
# Stores that are FILL (80) percent full of live data, random 4 KiB overwrites at QD32 for MINUTES (10): throughput of each
# minute, errors, and what reached the device against what was written, per replica. CAPACITY (6G) is that of each store.
. "$(dirname "$0")/lib.sh"
MODE=--separate
fill=${FILL:-80}; minutes=${MINUTES:-10}; capacity=${CAPACITY:-6G}
bytes=$(numfmt --from=iec "$capacity"); mib=$(( bytes / 100 * fill >> 20 ))
up --nbd "unix:$work/nbd.sock"
down
for conf in .coppice/etc/node*.conf; do echo "node.capacity = $bytes" >>"$conf"; done
up
cluster volume create v --size "${mib}MiB" >/dev/null
u="nbd+unix:///v?socket=$work/nbd.sock"
fio --name=fill --ioengine=nbd --uri="$u" --size="${mib}m" --rw=write --bs=1m --iodepth=8 --output=/dev/null
cluster node ls
written() { awk -v d="$(basename "$(readlink -f "/sys/dev/block/$(stat -c '%Hd:%Ld' .)")")" '$3 == d { printf "%.0f\n", $10 * 512 }' /proc/diskstats; }
sum() { echo $(( $(metric node1 "$1") + $(metric node2 "$1") + $(metric node3 "$1") )); }
total=0
for minute in $(seq "$minutes"); do
  before=$(written); moved=$(sum node_cleaner_bytes); kept=$(sum node_checkpoint_bytes)
  fio --name=x --ioengine=nbd --uri="$u" --size="${mib}m" --rw=randwrite --bs=4k --iodepth=32 --randrepeat=0 --norandommap \
    --time_based --runtime=60 --output-format=json --output=fio.json
  python3 - "$minute" "$(( $(written) - before ))" "$(( $(sum node_cleaner_bytes) - moved ))" "$(( $(sum node_checkpoint_bytes) - kept ))" <<'P'
import json, sys
t = open("fio.json").read(); d = json.loads(t[t.index("{"):])["jobs"][0]; w = d["write"]
minute, device, moved, kept = map(int, sys.argv[1:])
each = 3 * w["io_bytes"]
print("minute %d: %d IOPS, p99 %.1f ms, longest %.0f ms, %d errors; per byte and replica: %.2f moved by the cleaner, %.2f of checkpoints, %.2f reached the device" % (
    minute, w["iops"], w["clat_ns"]["percentile"]["99.000000"] / 1e6, w["lat_ns"]["max"] / 1e6, d["error"], moved / each, kept / each, device / each))
P
done
cluster node ls
cluster check
