#!/usr/bin/env bash
# A real 2 GiB ext4 image with a real directory tree goes into a volume and comes out equal, also from a clone.
. "$(dirname "$0")/lib.sh"
truncate -s 2G disk.img
mkfs.ext4 -q -F -d "${TREE:-/usr/share}" disk.img
up
cluster volume create image --size 2G >/dev/null
start=$(now_ms); qemu-img convert -n -f raw -O raw disk.img "$uri/image"; echo "convert: $(( $(now_ms) - start )) ms"
qemu-img compare -f raw -F raw disk.img "$uri/image"
cluster clone image copy
qemu-img compare -f raw -F raw disk.img "$uri/copy"
cluster usage
cluster check
