#!/usr/bin/env bash
# Overwrites of owned chunks do not touch the Raft log.
. "$(dirname "$0")/lib.sh"
up
cluster volume create v --size 1G >/dev/null
fio --name=fill --ioengine=nbd --uri="$uri/v" --rw=write --bs=1m --iodepth=4 --size=256m --minimal >/dev/null
index() { cluster -o json status | json 'd["log_index"]'; }
a=$(index); sleep 30; b=$(index)
fio --name=over --ioengine=nbd --uri="$uri/v" --rw=randwrite --bs=4k --iodepth=32 --size=256m --time_based --runtime=30 --output-format=json >fio.json
c=$(index)
echo "Raft log: $((b - a)) entries in 30 idle seconds, $((c - b)) during 30 s with $(json 'd["jobs"][0]["write"]["total_ios"]' <fio.json) overwrites"
