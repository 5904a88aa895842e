#!/usr/bin/env bash
# Runs the handbook's steps, STEPS/NUMBER-MACHINE, in their order. In namespaces of its own: what it starts ends with it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
for n in 1 2 3 4; do ip addr add "10.0.0.$n/32" dev lo; done
for step in "$1"/*; do
    machine=${step##*-}
    echo "=== ${step##*/} $(date +%T)"
    N=$machine MACHINE=$2/$machine unshare --mount bash "$here/machine.sh" "$step"
done
echo "=== done $(date +%T)"
