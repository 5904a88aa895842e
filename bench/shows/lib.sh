# Shared by the scripts of this folder. Each runs on its own fresh cluster in a temporary directory and stops it at
# the end; WORK=DIR keeps everything in DIR, MODE=--separate runs every server as a process of its own.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
COPPICE=${COPPICE:-$here/../../coppice}
MODE=${MODE:-}
work=${WORK:-$(mktemp -d "${TMPDIR:-/tmp}/coppice-show.XXXXXX")}
mkdir -p "$work"
cd "$work"
uri=nbd://127.0.0.1:10809
cluster() { "$COPPICE" "$@"; }
up() { "$COPPICE" up --detach $MODE "$@" >up.out 2>&1 || { cat up.out; exit 1; }; }
down() { "$COPPICE" down >/dev/null 2>&1 || true; }
finish() {
  code=$?
  set +e
  down
  [ -n "${WORK:-}" ] || rm -rf "$work"
  [ $code = 0 ] && echo "ok: $(basename "$0")" || echo "FAILED: $(basename "$0")"
}
trap finish EXIT
json() { # json EXPRESSION: a Python expression on `d`, the JSON on standard input; fio says a line before it
  python3 -c "import json,sys; t=sys.stdin.read(); d=json.loads(t[min(i for i in map(t.find, '{[') if i >= 0):]); print($1)"
}
now_ms() { date +%s%3N; }
disk_mib() { du -sm .coppice | cut -f1; }
metric() { # metric SERVER NAME: a counter of a server, 0 when it has none
  python3 - "$1" "$2" <<'P'
import json, sys, urllib.request
at = json.load(open(".coppice/run/cluster.json"))["http"][sys.argv[1]]
text = urllib.request.urlopen("http://%s/metrics" % at).read().decode()
print(next((int(float(l.split()[-1])) for l in text.splitlines() if l.startswith(sys.argv[2])), 0))
P
}
whole() { cluster status -o json | json "int(set(d['groups']) == {'healthy'} and d['repair']['bytes_left'] == 0)"; }
await_whole() { until [ "$(whole)" = 1 ]; do sleep 0.3; done; }
kill_server() { # kill_server NAME SIGNAL: waits until it is gone
  pid=$(cat ".coppice/run/$1.pid"); kill "-$2" "$pid"; while grep -qs '^State:[[:space:]]*[^Z]' "/proc/$pid/status"; do sleep 0.05; done
}
