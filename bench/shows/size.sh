#!/usr/bin/env bash
# One store with GIB (20) GiB of data on one node, written in sequence, then a quarter of its blocks anew at random: memory of the
# node, and how long it takes to serve again after a clean stop and after kill -9.
. "$(dirname "$0")/lib.sh"
MODE=--separate
gib=${GIB:-20}
up --nodes 1 --metadata 1 --replicas 1 --nbd "unix:$work/nbd.sock"
cluster volume create v --size "${gib}G" >/dev/null
u="nbd+unix:///v?socket=$work/nbd.sock"
heap() { # MiB that are left on the node's heap after a collection
  pid=$(cat .coppice/run/node1.pid); jcmd="$(dirname "$(readlink -f "/proc/$pid/exe")")/jcmd"
  "$jcmd" "$pid" GC.run >/dev/null
  "$jcmd" "$pid" GC.heap_info | awk '/generation|DefNew|Tenured/ { for (i = 1; i < NF; i++) if ($i == "used") { sub("K.*", "", $(i + 1)); sum += $(i + 1) } } END { printf "%.0f MiB\n", sum / 1024 }'
}
again() { # again WHAT SIGNAL: from the start of the process until it serves
  kill_server node1 "$2"
  start=$(now_ms); up; await_whole; end=$(now_ms)
  echo "$1: serves again after $(( end - start )) ms ($(grep -ho 'checkpoint [0-9]*, .* replayed' .coppice/log/node1.log | tail -1)); the start of the same process with nothing stored: $empty ms"
}
kill_server node1 TERM; start=$(now_ms); up; await_whole; empty=$(( $(now_ms) - start ))
echo "heap of the node, nothing stored: $(heap)"
fio --name=fill --ioengine=nbd --uri="$u" --size="${gib}g" --rw=write --bs=1m --iodepth=8 --output=/dev/null
echo "$gib GiB in sequence; heap of the node: $(heap)"
again "clean stop" TERM
again "kill -9" 9
fio --name=over --ioengine=nbd --uri="$u" --size="${gib}g" --rw=randwrite --bs=4k --iodepth=64 --io_size="$(( gib * 256 ))m" --output=/dev/null
echo "$(( gib * 256 )) MiB anew, random 4 KiB; heap of the node: $(heap)"
again "clean stop" TERM
again "kill -9" 9
cluster check
