#!/usr/bin/env bash
# Runs nginx with deploy/nginx.conf in front of a server of its own, on loopback, and checks what a proxy breaks easily.
# Needs nginx, openssl and curl: deploy/test-proxy.sh PATH_TO_ROLLOUTD [PATH_TO_NGINX]
set -euo pipefail
rolloutd=$(realpath "$1")
nginx=${2:-nginx}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mktemp -d)
server=""
proxy=""
finish() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT
fail() { echo "failed: $1" >&2; exit 1; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

port=$(free_port)
front=$(free_port)
key=$("$rolloutd" keys create --database "$dir/l.sqlite" --name test --role admin 2>/dev/null)
"$rolloutd" serve --database "$dir/l.sqlite" --learner off --port "$port" --behind-proxy on >"$dir/server.log" 2>&1 &
server=$!
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 2 \
    -subj /CN=rolloutd.example -addext subjectAltName=DNS:rolloutd.example 2>/dev/null
{
    # The workers must be able to write into the directory.
    [ "$(id -u)" != 0 ] || echo "user $(id -un) $(id -gn);"
    echo "daemon off; pid $dir/nginx.pid; error_log $dir/error.log; events {}"
    echo "http { access_log off; client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;"
    echo "uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;"
    sed -e "s|127.0.0.1:8080|127.0.0.1:$port|" -e "s|listen 443|listen 127.0.0.1:$front|" \
        -e "s|/etc/ssl/certs/rolloutd.pem|$dir/cert.pem|" -e "s|/etc/ssl/private/rolloutd.key|$dir/key.pem|" \
        "$here/nginx.conf"
    echo "}"
} >"$dir/nginx.conf"
"$nginx" -p "$dir" -c "$dir/nginx.conf" &
proxy=$!
url="https://rolloutd.example:$front"
ask() { curl -sS --max-time 90 --cacert "$dir/cert.pem" --resolve "rolloutd.example:$front:127.0.0.1" "$@"; }
for _ in $(seq 100); do ask -f -o /dev/null "$url/healthz" 2>/dev/null && break; sleep 0.1; done
auth=(-H "authorization: Bearer $key")

[ "$(ask -o /dev/null -w '%{http_code}' "$url/v1/updates")" = 401 ] || fail "a request without a key is let in"
[ "$(ask -o /dev/null -w '%{http_code}' "${auth[@]}" "$url/v1/updates")" = 200 ] || fail "a key is not let in"
ask -D - -o /dev/null "$url/healthz" | grep -qi '^strict-transport-security' || fail "no HSTS"

# A large body passes, one beyond rolloutd's limit gets rolloutd's own answer.
python3 - "$dir" <<'PY'
import json, sys
prompt = {"id": "p", "text": "2+2?", "task": {"type": "math", "answer": "4"}}
open(sys.argv[1] + "/p.json", "w").write(json.dumps({"prompts": [prompt]}))
tokens = {"token_ids": [1] * 65_536, "logprobs": [-0.123456] * 65_536}
items = [dict(id=f"r{i}", prompt_id="p", response="\\boxed{4}", policy_version=0, **tokens) for i in range(24)]
open(sys.argv[1] + "/r.json", "w").write(json.dumps({"rollouts": items}))
open(sys.argv[1] + "/big.json", "w").write(" " * 33_600_000)
PY
post() { ask "${auth[@]}" -H 'content-type: application/json' "$@"; }
[ "$(post -o /dev/null -w '%{http_code}' --data-binary @"$dir/p.json" "$url/v1/prompts")" = 201 ] || fail "a prompt is refused"
[ "$(post -o /dev/null -w '%{http_code}' --data-binary @"$dir/r.json" "$url/v1/rollouts")" = 202 ] || fail "a large body is refused"
post --data-binary @"$dir/big.json" "$url/v1/rollouts" | grep -q body_too_large || fail "413 is not rolloutd's own"

# Many requests share one connection of the client, and a long poll outlasts the proxy's defaults.
made=$(seq 50 | sed "s|.*|url = \"$url/healthz\"|" | ask -K - -o /dev/null -w '%{num_connects}\n' | awk '{ n += $1 } END { print n }')
[ "$made" -le 2 ] || fail "keep-alive: $made connections for 50 requests"
lease='{"kind":"generate","worker":"w","wait_seconds":2,"dataset":"none"}'
[ "$(post -o /dev/null -w '%{http_code}' -d "$lease" "$url/v1/leases")" = 204 ] || fail "a long poll does not end with 204"

# A client cannot choose the address under which its wrong keys are counted.
for i in $(seq 12); do
    status=$(ask -o /dev/null -w '%{http_code}' -H 'authorization: Bearer wrong' -H "x-forwarded-for: 192.0.2.$i" "$url/v1/updates")
done
[ "$status" = 429 ] || fail "wrong keys are counted under an address that the client chose ($status)"
echo "ok: nginx.conf holds"
