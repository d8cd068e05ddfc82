#!/usr/bin/env bash
# Installs the Debian packages of packages.txt that this machine lacks, and nothing else.
#
#   tools/lib/install.sh              install what is missing (as root, or through sudo)
#   tools/lib/install.sh --firmware   the same with packages-firmware.txt: what compiles for a microcontroller
#   tools/lib/install.sh --missing    only print what is missing; exit status 1 when something is
#
# Never asks a question. The package lists are refreshed only when something is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lists=("$here/packages.txt")
only_print=no
for argument in "$@"; do
    case $argument in
        --firmware) lists+=("$here/packages-firmware.txt") ;;
        --missing) only_print=yes ;;
        *)
            echo "install: unknown argument $argument; known are --firmware and --missing" >&2
            exit 2
            ;;
    esac
done

missing_packages() {
    local wanted
    # "package:command" is wanted only where the command is missing: node may come from elsewhere than Debian.
    wanted=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "${lists[@]}" | while IFS=: read -r package command; do
        if [ -z "$command" ] || ! command -v "$command" >/dev/null; then echo "$package"; fi
    done)
    # One dpkg-query for all: a package that was removed but left its settings behind counts as missing.
    local installed
    # shellcheck disable=SC2016,SC2086
    installed=$(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' $wanted 2>/dev/null || true)
    local package
    for package in $wanted; do
        if ! grep -Eq "^${package//+/\\+}(:[a-z0-9-]+)? installed\$" <<<"$installed"; then
            printf '%s\n' "$package"
        fi
    done
}

if ! command -v dpkg-query >/dev/null; then
    echo "install: this is no Debian machine; install by hand what ${lists[*]} name" >&2
    exit 1
fi

mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -eq 0 ]; then
    exit 0
fi
if [ "$only_print" = yes ]; then
    printf '%s\n' "${missing[@]}"
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install: run this as root, or install sudo; missing: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "install: missing packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# The broker is started by our own tools on a port of their own; the packaged service would only sit on 1883.
broker_was_there=yes
[[ " ${missing[*]} " == *" mosquitto "* ]] && broker_was_there=no
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "${missing[@]}"
if [ "$broker_was_there" = no ] && command -v systemctl >/dev/null && systemctl is-active --quiet mosquitto 2>/dev/null; then
    echo "install: stopping the packaged mosquitto service (it was not here before)"
    "${as_root[@]}" systemctl disable --now mosquitto >/dev/null 2>&1 || true
fi

mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -ne 0 ]; then
    echo "install: still missing: ${missing[*]}" >&2
    exit 1
fi
echo "install: done"
