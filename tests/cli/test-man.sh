#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: test-man.sh MAN-PAGE...: they format without a warning.
set -eu

command -v man >/dev/null || exit 77
command -v groff >/dev/null || exit 77

failed=0
for page; do
        said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings=w -E UTF-8 -l -Tutf8 "$page" 2>&1 >/dev/null) ||
                failed=1
        [ -z "$said" ] || {
                echo "$page: $said" >&2
                failed=1
        }
done
exit $failed
