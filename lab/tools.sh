#!/bin/sh
# Sees to the programs that the lab and the tests use: installs what is missing as root, else says what to install.
# Usage: tools.sh PYTHON
set -eu

python=$1
missing=

need() { # need PACKAGE COMMAND...
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

need python3-venv "$python" -c 'import ensurepip, venv'
need curl command -v curl
need bind9-dnsutils command -v dig
need iproute2 env PATH="$PATH:/usr/sbin:/sbin" sh -c 'command -v ip'
need util-linux command -v unshare

[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing:$missing"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "missing:$missing" >&2
    echo "install them, as root: apt-get install$missing" >&2
    exit 1
fi
