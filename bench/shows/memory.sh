#!/usr/bin/env bash
# Start-up time and memory of all servers of a fresh cluster, in one process and in separate ones.
. "$(dirname "$0")/lib.sh"
for MODE in "" --separate; do
  rm -rf .coppice
  start=$(now_ms); up; echo "up ${MODE:-(one process)}: $(( $(now_ms) - start )) ms"
  sleep 5
  for p in $(cat .coppice/run/*.pid); do grep VmRSS /proc/$p/status; done | awk '{s+=$2} END {print "  resident:", int(s/1024), "MiB"}'
  down
done
