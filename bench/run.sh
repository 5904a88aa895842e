# Shared by the commands beside it: finds a JDK 25, builds the jar when it is missing or older than its sources.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
jar=$root/bench/target/coppice-bench-0.1.0.jar
feature() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null; }
jdk=
for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/jdk* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*; do
  if [ -x "$home/bin/javac" ] && version=$(feature "$home") && [ "${version:-0}" -ge 25 ]; then jdk=$home; break; fi
done
[ -n "$jdk" ] || { echo "bench: no JDK 25 or newer found; set JAVA_HOME to one" >&2; exit 1; }
modules=(protocol metadata-raft storage-node client bench)
if [ ! -f "$jar" ] || [ -n "$(find "$root/pom.xml" "${modules[@]/#/$root/}" -newer "$jar" \( -name '*.java' -o -name '*.proto' -o -name pom.xml \) -print -quit)" ]; then
  echo "bench: building ..." >&2
  (cd "$root" && mvn -B -ntp -q -pl bench -am package -DskipTests) >&2
  touch "$jar"
fi
java=("$jdk/bin/java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow)
