#!/usr/bin/env bash
# A clone of an 8 TiB volume with 1,000,000 mapped chunks takes as long as one of an empty volume: medians of 100 each,
# taken in turns, with every server a process of its own. CHUNKS=N maps fewer.
. "$(dirname "$0")/lib.sh"
MODE=--separate
up
chunks=${CHUNKS:-1000000}
cluster volume create empty --size 8T >/dev/null
cluster volume create big --size 8T >/dev/null
start=$(now_ms)
# every second chunk of 4 MiB gets one block
fio --name=map --ioengine=nbd --uri="$uri/big" --rw=write:8188k --bs=4k --iodepth=128 --size=8t --number_ios="$chunks" --minimal >fio.out ||
  { cat fio.out; exit 1; }
echo "mapped $(( $(cluster -o json volume show big | json 'd["mapped_bytes"]') / 4096 )) chunks in $(( $(now_ms) - start )) ms"
for i in $(seq 100); do
  for v in empty big; do cluster clone "$v" "$v-$i" | tee -a "clones-$v.out" >/dev/null; done
done
for v in empty big; do
  for side in leader caller; do
    echo "clone of $v, at the $side: $(grep -oE "[0-9.]+ ms \($side\)" clones-$v.out | cut -d' ' -f1 | sort -n | awk '{a[NR]=$1} END {print "median", a[int((NR+1)/2)], "ms of", NR, "(" a[1], "to", a[NR] ")"}')"
  done
done
start=$(now_ms); cluster usage >/dev/null; echo "coppice usage: $(( $(now_ms) - start )) ms"
start=$(now_ms); cluster volume ls >/dev/null; echo "coppice volume ls: $(( $(now_ms) - start )) ms"
for p in .coppice/run/*.pid; do echo "$(basename "$p" .pid): $(awk '/VmRSS/ {print int($2/1024)}' "/proc/$(cat "$p")/status") MiB"; done
