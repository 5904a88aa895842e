#!/usr/bin/env bash
# The state machine with 10^8 mapped chunks (CHUNKS=N: another number): heap, the longest stop of flips while a snapshot is
# taken and written, loading it again. No cluster; needs 8 GB of memory and a JDK 25 in JAVA_HOME.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
"$root/coppice" --version >/dev/null # builds what is missing
mvn -q -B -ntp -pl metadata-raft -am -DskipTests test-compile
exec "${JAVA_HOME:-/usr/lib/jvm/temurin-25-jdk-amd64}/bin/java" -Xms8g -Xmx8g -XX:+UseParallelGC \
  -cp "metadata-raft/target/test-classes:metadata-raft/target/classes:protocol/target/classes:$(cat "$(cat cli/target/app/current)/classpath")" \
  io.coppice.metadata.core.MetadataScale "${CHUNKS:-100000000}"
