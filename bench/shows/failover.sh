#!/usr/bin/env bash
# Under load that verifies what it reads (4 KiB, QD8, over NBD) servers are killed and stopped and started again, TRIALS (5)
# times each: the longest I/O (reads of the verification count) that was under way at each event or began until all was
# whole again, and the median.
. "$(dirname "$0")/lib.sh"
MODE=--separate
trials=${TRIALS:-5}
up --nbd "unix:$work/nbd.sock"
cluster volume create v --size 256M >/dev/null
u="nbd+unix:///v?socket=$work/nbd.sock"
fio --name=fill --ioengine=nbd --uri="$u" --size=256m --rw=write --bs=1m --iodepth=8 --output=/dev/null
fio --name=x --ioengine=nbd --uri="$u" --size=256m --rw=randwrite --bs=4k --iodepth=8 --verify=crc32c --verify_backlog=512 \
  --verify_fatal=1 --loops=100000 --write_lat_log=x --log_unix_epoch=1 --output-format=json --output=fio.json & fio_pid=$!
sleep 5
event() { # event NAME FROM: over now
  kill -0 $fio_pid # an error or a mismatch would have ended it
  echo "$(now_ms) $2 $1" >>events
}
leader() { cluster status -o json | json "d['leader']"; }
nodes() { # node names, who leads most groups comes last, each with its count
  { cluster node ls -o json; cluster group ls -o json; } | python3 -c '
import json, sys
d = json.JSONDecoder(); t = sys.stdin.read().strip(); nodes, n = d.raw_decode(t); groups = json.loads(t[n:])
of = {s["id"]: x["name"] for x in nodes for s in x["stores"]}
led = [of[g["primary"]] for g in groups if g["primary"]]
print("\n".join("%s %d" % (x, led.count(x)) for x in sorted((x["name"] for x in nodes), key=led.count)))'
}
killed() { # killed SERVER EVENT
  from=$(now_ms); kill_server "$1" 9; sleep 3; event "kill -9 of $2" "$from"
  from=$(now_ms); up; await_whole; sleep 1; event "restart of $2" "$from"
}
for i in $(seq 1 "$trials"); do
  killed "$(nodes | sed -n 2p | cut -d' ' -f1)" "a node"
  read -r name led < <(nodes | tail -1)
  echo "trial $i: $name leads $led groups" >>led
  killed "$name" "the node that leads most"
  killed "$(leader)" "the metadata leader"
  name=$(nodes | tail -1 | cut -d' ' -f1); pid=$(cat ".coppice/run/$name.pid")
  from=$(now_ms); kill -STOP "$pid"; sleep 10; kill -CONT "$pid"; await_whole; sleep 1; event "SIGSTOP of a node for 10 s" "$from"
done
from=$(now_ms); sleep 5; event "nothing" "$from"
kill -INT $fio_pid; wait $fio_pid || true
json "'%d MiB written and verified, errors %d' % (d['jobs'][0]['write']['io_bytes'] >> 20, d['jobs'][0]['error'])" <fio.json
sort led | tail -3
python3 - <<'P'
import statistics
events = [(int(a), int(b), c.strip()) for a, b, c in (l.split(" ", 2) for l in open("events"))]
stalls = {}
for end, begin, name in events: stalls.setdefault(name, []).append([begin, end, 0])
windows = sorted((w for ws in stalls.values() for w in ws), key=lambda w: w[0])
for line in open("x_lat.1.log"):
    at, ns = (int(x) for x in line.split(",")[:2])
    for w in windows:
        if w[0] <= at and at - ns / 1e6 <= w[1]: w[2] = max(w[2], ns / 1e6)
for name, ws in stalls.items():
    print("%-38s longest I/Os %s ms, median %d ms" % (name, " ".join("%d" % w[2] for w in ws), statistics.median(w[2] for w in ws)))
P
cluster check --deep
