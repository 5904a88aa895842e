#!/usr/bin/env bash
# fio with crc32c verify at 512 B to 1 MiB over three connections, nbdinfo's capabilities, nbdcopy in and out.
. "$(dirname "$0")/lib.sh"
up
cluster volume create v --size 1G >/dev/null
for bs in 512 4k 20k 64k 256k 1m; do
  fio --name="verify-$bs" --ioengine=nbd --uri="$uri/v" --rw=randwrite --bs=$bs --size=${SIZE:-48m} --offset_increment=64m \
    --numjobs=3 --iodepth=8 --verify=crc32c --verify_fatal=1 --do_verify=1 --minimal >fio-$bs.out || { cat fio-$bs.out; exit 1; }
  echo "fio verify bs=$bs: no error"
done
nbdinfo "$uri/v" | tee nbdinfo.out
for word in can_cache: can_df: can_fast_zero: can_flush: can_fua: can_multi_conn: can_trim: can_zero:; do
  grep -q "$word true" nbdinfo.out || { echo "nbdinfo does not list $word true"; exit 1; }
done
grep -q 'base:allocation' nbdinfo.out; grep -q 'coppice:shared' nbdinfo.out
grep -q 'block_size_minimum: 1$' nbdinfo.out; grep -q 'block_size_preferred: 4096' nbdinfo.out
truncate -s 1G sparse.img
for i in 1 50 300 700; do dd if=/dev/urandom of=sparse.img bs=1M seek=$i count=3 conv=notrunc status=none; done
cluster volume create sparse --size 1G >/dev/null
nbdcopy sparse.img "$uri/sparse"
nbdcopy "$uri/sparse" back.img
[ "$(sha256sum <sparse.img)" = "$(sha256sum <back.img)" ] && echo "nbdcopy: same SHA-256"
echo "allocated: in $(du -m sparse.img | cut -f1) MiB, out $(du -m back.img | cut -f1) MiB, volume:"
cluster -o json volume show sparse | json 'd["mapped_bytes"]'
nbdinfo --map "$uri/sparse"
cluster check --deep
