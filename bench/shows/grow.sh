#!/usr/bin/env bash
# Under load that verifies what it reads: a fourth node is added, the first is drained and removed. No error, and balance
# within 10 %.
. "$(dirname "$0")/lib.sh"
MODE=--separate
size=${SIZE:-2}
up --nbd "unix:$work/nbd.sock"
cluster volume create v --size "${size}G" >/dev/null
cluster volume create load --size 256M >/dev/null
fio --name=fill --ioengine=nbd --uri="nbd+unix:///v?socket=$work/nbd.sock" --size="${size}g" --rw=write --bs=1m --iodepth=8 --output=/dev/null
fio --name=x --ioengine=nbd --uri="nbd+unix:///load?socket=$work/nbd.sock" --size=256m --rw=randwrite --bs=4k --iodepth=8 \
  --verify=crc32c --verify_backlog=512 --verify_fatal=1 --loops=100000 --output-format=json --output=fio.json & fio_pid=$!
balance() { # replicas and bytes per node, and how far the bytes are from even
  cluster node ls -o json | json "'\n'.join('  %-6s %-9s %3d replicas %6d MiB live' % (n['name'], n['state'], sum(s['groups'] for s in n['stores']), sum(s['live_bytes'] for s in n['stores']) >> 20) for n in d)"
}
even() { cluster node ls -o json | json "int(all(abs(l - sum(L) / len(L)) <= max(1, 0.1 * sum(L) / len(L)) for l in L) if (L := [sum(s['groups'] for s in n['stores']) for n in d if n['state'] == 'up']) else 0)"; }
settle() { until [ "$(whole)" = 1 ] && [ "$(even)" = 1 ]; do sleep 0.5; done; }
sleep 3
echo "three nodes:"; balance
start=$(now_ms); up --nodes 4; settle
echo "a fourth is added, even after $(( $(now_ms) - start )) ms:"; balance
start=$(now_ms); cluster node drain node1 --wait
echo "in $(( $(now_ms) - start )) ms"
settle; balance
cluster node remove node1
kill_server node1 TERM
sleep 3
kill -0 $fio_pid # an error would have ended it
kill -INT $fio_pid; wait $fio_pid || true
json "'%d MiB written and verified meanwhile, errors %d, longest write %.0f ms' % (d['jobs'][0]['write']['io_bytes'] >> 20, d['jobs'][0]['error'], d['jobs'][0]['write']['clat_ns']['max'] / 1e6)" <fio.json
cluster node ls
cluster check --deep
