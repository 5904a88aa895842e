#!/usr/bin/env bash
# nbdfuse and a loop mount: mkfs.ext4, copy a tree, snapshot meanwhile; fsck of the volume is clean, fsck of the
# snapshot's clone finds a journal to replay and nothing worse. Needs root for the loop mount.
. "$(dirname "$0")/lib.sh"
up
cluster volume create fs --size 1G >/dev/null
mkdir -p mnt fuse
nbdfuse fuse/fs "$uri/fs" >nbdfuse.out 2>&1 & fuse_pid=$!
cleanup() { umount mnt 2>/dev/null; [ -n "${loop:-}" ] && losetup -d "$loop" 2>/dev/null; umount fuse 2>/dev/null; kill $fuse_pid 2>/dev/null; true; }
trap 'code=$?; set +e; cleanup; (exit $code); finish' EXIT
until [ -e fuse/fs ]; do sleep 0.1; kill -0 $fuse_pid || { cat nbdfuse.out; exit 1; }; done
mkfs.ext4 -q -F fuse/fs
loop=$(losetup -f --show fuse/fs)
mount "$loop" mnt
cp -r "${TREE:-/usr/lib/python3}" mnt/first
( cp -r "${TREE2:-/usr/share/perl}" mnt/second; for i in $(seq 40); do cp -r /usr/share/perl-openssl-defaults "mnt/loop-$i" 2>/dev/null || cp -r /etc "mnt/loop-$i"; sync; done ) & copier=$!
sleep 3; sync -f mnt
cluster snapshot create fs@during
wait $copier
umount mnt; losetup -d "$loop"
e2fsck -f -n fuse/fs && echo "volume: fsck clean"
umount fuse
wait $fuse_pid || true
cluster clone fs@during cut
nbdcopy "$uri/cut" cut.img
e2fsck -n cut.img >fsck-cut.out 2>&1 || true; head -5 fsck-cut.out
e2fsck -p cut.img; code=$?
echo "clone of the snapshot: e2fsck -p exit $code (0 or 1: journal replayed, nothing worse)"; [ $code -le 1 ]
e2fsck -f -n cut.img && echo "clone: fsck clean after the replay"
