#!/usr/bin/env bash
# Runs SCRIPT as if on machine N of the handbook: `N=2 MACHINE=FOLDER machine.sh SCRIPT`, in a mount namespace of its own.
# Where the script writes, a folder of the machine's lies in place of the system's, with links to what was there.
set -euo pipefail
shopt -s nullglob

shadow() { # shadow FOLDER
    local own=$MACHINE$1 was=$MACHINE/was$1 entry
    mkdir -p "$own" "$was"
    mount --bind "$1" "$was"
    # So that nothing gets there through a link.
    mount -o remount,bind,ro,nosuid,nodev "$was"
    for entry in "$was"/*; do
        [ -e "$own/${entry##*/}" ] || [ -L "$own/${entry##*/}" ] || ln -s "$entry" "$own/"
    done
    mount --bind "$own" "$1"
}

if [ ! -d "$MACHINE/etc" ]; then
    mkdir -p "$MACHINE"/{pid,log,run,var/lib} "$MACHINE"/etc/{coppice,profile.d,systemd/system} \
        "$MACHINE"/srv/disk{1,2}/coppice "$MACHINE/opt/coppice"
    cp "$CHECKOUT"/deploy/systemd/*.service "$MACHINE/etc/systemd/system/"
    cp -r "$CHECKOUT/deploy" "$MACHINE/opt/coppice/"
    # Five minutes are too long for a test.
    sed -i 's/after = 5m/after = 10s/' "$MACHINE/opt/coppice/deploy/examples/metadata.conf"
    cp "$(dirname "$0")/coppice" "$MACHINE/opt/coppice/coppice"
    chmod +x "$MACHINE/opt/coppice/coppice"
fi
for folder in /etc /opt /srv /var/lib /run; do shadow "$folder"; done
PATH=$(dirname "$0"):$PATH
export N PATH
cd /
if [ -r /etc/profile.d/coppice.sh ]; then
    . /etc/profile.d/coppice.sh
fi
exec bash -euxo pipefail "$1"
