#!/usr/bin/env bash
# 1,000 clones in one call; a chain of 1,000 nested clones reads as fast as its base.
. "$(dirname "$0")/lib.sh"
up
cluster volume create base --size 4G >/dev/null
fio --name=fill --ioengine=nbd --uri="$uri/base" --rw=write --bs=1m --iodepth=4 --size=1g --minimal >/dev/null
start=$(now_ms); cluster clone base many --count 1000 >clones.out; echo "1,000 clones in one call: $(( $(now_ms) - start )) ms with the command's own start"; tail -2 clones.out
previous=base
start=$(now_ms)
for i in $(seq 1 "${DEPTH:-1000}"); do cluster clone "$previous" "deep-$i" >/dev/null; previous="deep-$i"; done
echo "chain of ${DEPTH:-1000}: $(( $(now_ms) - start )) ms"
for round in 1 2 3; do
  for v in base "$previous"; do
    iops=$(fio --name=r --ioengine=nbd --uri="$uri/$v" --rw=randread --bs=4k --iodepth=32 --size=1g --time_based --ramp_time=3 --runtime=8 --output-format=json | json 'd["jobs"][0]["read"]["iops"]')
    echo "randread QD32 $v: $iops IOPS"
  done
done
cluster check
