#!/usr/bin/env bash
# CLONES (50) clones of one image are read at once over NBD, each on a connection of its own, as machines that boot from it do.
# First what is larger than the gateway's memory: random reads of 4 to 64 KiB in 1 GiB, beside one clone alone with as many
# requests under way. Then what machines have in common: all read the same 32 MiB in the same order, 64 KiB at a time. Last what
# reading ahead gives: 4 KiB after 4 KiB of a clone, and of chunks that are the image's own.
. "$(dirname "$0")/lib.sh"
MODE=--separate
clones=${CLONES:-50}; runtime=${RUNTIME:-20}
up --nbd "unix:$work/nbd.sock"
cluster volume create image --size 2G >/dev/null
u() { echo "nbd+unix:///$1?socket=$work/nbd.sock"; }
fio --name=fill --ioengine=nbd --uri="$(u image)" --size=1g --rw=write --bs=1m --iodepth=8 --output=/dev/null
cluster clone image boot --count "$clones" >/dev/null
jobs() { # jobs NAME...: a job file, a job for each name
  printf '[global]\nioengine=nbd\nrw=randread\nbssplit=4k/60:16k/25:64k/15\nsize=1g\ntime_based\nramp_time=3\nruntime=%s\ngroup_reporting\niodepth=%s\n' "$runtime" "$depth"
  for name in "$@"; do printf '[%s]\nuri=%s\n' "$name" "$(u "$name")"; done
}
show() { json '"%d IOPS, %d MB/s, p50 %.2f ms, p99 %.2f ms" % (d["jobs"][0]["read"]["iops"], d["jobs"][0]["read"]["bw_bytes"] / 1e6, d["jobs"][0]["read"]["clat_ns"]["percentile"]["50.000000"] / 1e6, d["jobs"][0]["read"]["clat_ns"]["percentile"]["99.000000"] / 1e6)'; }
names=$(cluster volume ls -o json | json '" ".join(v["name"] for v in (d if isinstance(d, list) else d["volumes"]) if v["name"].startswith("boot"))')
for round in 1 2 3; do
  depth=1 jobs $names >storm.fio; fio storm.fio --output-format=json --output=storm.json; echo "$clones clones, one request each: $(show <storm.json)"
  depth=$clones jobs image >one.fio; fio one.fio --output-format=json --output=one.json; echo "the image, $clones requests:       $(show <one.json)"
done
same() { # same NAME...
  printf '[global]\nioengine=nbd\nrw=read\nbs=64k\nsize=32m\nloops=%s\ngroup_reporting\niodepth=1\n' "$loops"
  for name in "$@"; do printf '[%s]\nuri=%s\n' "$name" "$(u "$name")"; done
}
for round in 1 2 3; do
  loops=3 same $names >same.fio; fio same.fio --output-format=json --output=same.json; echo "$clones clones, the same in the same order: $(show <same.json)"
  loops=3 same image >alone.fio; fio alone.fio --output-format=json --output=alone.json; echo "the image alone:                        $(show <alone.json)"
done
fio --name=own --ioengine=nbd --uri="$(u image)" --offset=1g --size=512m --rw=write --bs=1m --iodepth=8 --output=/dev/null
steps() { # steps NAME OFFSET
  fio --name=steps --ioengine=nbd --uri="$(u "$1")" --offset="$2" --size=512m --rw=read --bs=4k --iodepth=1 --time_based --runtime="$runtime" --output-format=json --output=steps.json
}
steps "${names%% *}" 256m; echo "4 KiB after 4 KiB of a clone:    $(show <steps.json)"
steps image 1g; echo "4 KiB after 4 KiB of own chunks: $(show <steps.json)"
cluster check
