#!/usr/bin/env bash
# 10,000 random 4 KiB writes, each to another chunk of a clone: bytes stored per write and replica, and how many Raft entries
# carried the flips at a depth of 32.
. "$(dirname "$0")/lib.sh"
up
cluster volume create base --size 48G >/dev/null
# one block in each of 12,000 chunks, so that every chunk of the clone is shared
fio --name=fill --ioengine=nbd --uri="$uri/base" --rw=write:4188k --bs=4k --iodepth=32 --size=48g --io_size=46m --minimal >/dev/null
cluster clone base c >/dev/null
stores() { cluster -o json node ls | json 'sum(n["used_bytes"] for n in d)'; }
before=$(stores); s1=$(cluster -o json status)
fio --name=first --ioengine=nbd --uri="$uri/c" --rw=write:4188k --bs=4k --offset=8k --iodepth=32 --size=47g --number_ios=10000 --output-format=json >fio.json
after=$(stores); s2=$(cluster -o json status)
json '"first writes: %d IOPS, p50 %.2f ms, p99 %.2f ms" % (d["jobs"][0]["write"]["iops"], d["jobs"][0]["write"]["clat_ns"]["percentile"]["50.000000"]/1e6, d["jobs"][0]["write"]["clat_ns"]["percentile"]["99.000000"]/1e6)' <fio.json
python3 - "$before" "$after" "$s1" "$s2" <<'P'
import json, sys
b, a = int(sys.argv[1]), int(sys.argv[2]); s1, s2 = json.loads(sys.argv[3]), json.loads(sys.argv[4])
print("stored: %.0f bytes for each 4 KiB write and replica" % ((a - b) / 10000 / 3))
print("flips: %d in %d Raft entries" % (s2["flips"] - s1["flips"], s2["entries_with_flips"] - s1["entries_with_flips"]))
assert (a - b) / 10000 / 3 <= 5 * 1024
P
cluster check
