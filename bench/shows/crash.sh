#!/usr/bin/env bash
# kill -9 of the whole cluster during writes: everything flushed is there; the same with a torn last record and with a flipped bit.
. "$(dirname "$0")/lib.sh"
MODE=${MODE:---separate}
up
pids() { cat .coppice/run/*.pid; }
kill_all() { kill -9 $(pids); for p in $(pids); do while kill -0 "$p" 2>/dev/null; do sleep 0.05; done; done; }
cluster volume create v --size 1G >/dev/null
cat > flushed.py <<'P'
# Writes numbered blocks and flushes after every 20; prints the last flushed round at once. Ends when the server goes.
import nbd, struct, sys, random
h = nbd.NBD(); h.connect_uri(sys.argv[1])
r = random.Random(int(sys.argv[2])); n = 0
log = open(sys.argv[3], "a")
try:
    while True:
        batch = []
        for _ in range(20):
            n += 1
            b = r.randrange(0, 60000)
            h.pwrite(struct.pack("<QQ", n, b) * 256, b * 4096); batch.append((b, n))
        h.flush()
        for b, n2 in batch: log.write("%d %d\n" % (b, n2))
        log.flush()
except nbd.Error: pass
P
cat > verify.py <<'P'
# Every flushed block holds the flushed number or a later one of the same run, whole.
import nbd, struct, sys
h = nbd.NBD(); h.connect_uri(sys.argv[1]); last = {}
for line in open(sys.argv[2]):
    b, n = map(int, line.split()); last[b] = n
bad = 0
for b, n in last.items():
    d = h.pread(4096, b * 4096); m, c = struct.unpack("<QQ", d[:16])
    if d != d[:16] * 256 or c != b or m < n: bad += 1; print("block", b, "flushed", n, "holds", m, c)
print("%d flushed blocks checked, %d wrong" % (len(last), bad)); sys.exit(bad != 0)
P
round() {
  rm -f log.txt; /usr/bin/python3 flushed.py "$uri/v" "$1" log.txt & w=$!
  sleep "${SECONDS_OF_WRITES:-4}"; kill_all; wait $w || true
}
round 1; up; /usr/bin/python3 verify.py "$uri/v" log.txt; cluster check --deep
echo "--- torn last record on one node"
round 2
seg=$(ls -t .coppice/data/node1/*/chunks/seg-* | head -1); size=$(stat -c %s "$seg")
truncate -s $((size - 1000)) "$seg"
up; /usr/bin/python3 verify.py "$uri/v" log.txt; cluster check --deep
echo "--- one flipped bit in a segment"
round 3; up; down
seg=$(ls -S .coppice/data/node2/*/chunks/seg-* | head -1)
python3 - "$seg" <<'P'
import sys
f = open(sys.argv[1], "r+b"); f.seek(0, 2); at = f.tell() // 3; f.seek(at); x = f.read(1); f.seek(at); f.write(bytes([x[0] ^ 4])); print("flipped a bit at", at, "of", sys.argv[1])
P
up; /usr/bin/python3 verify.py "$uri/v" log.txt
cluster check --deep || echo "reported, exit $?"
cluster check --deep && echo "repaired"
