# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the halves of a cut have in common.

. /lab/lib.sh
. /lab/ctl.sh

# What has to be known after a power cut, too.
CUT=/var/lib/lab-cut
mkdir -p "$CUT"
# Whose jobs they are: s3, that is suspended to RAM, or s4, to its own disk. Set by cut-base.
CUT_GUEST=$(cat "$CUT/guest" 2>/dev/null || true)

# A guest that comes back from its own disk boots before.
UP_SECONDS=120
[ "$CUT_GUEST" != s4 ] || UP_SECONDS=300

# see_guest FILE: what guest-state says, once the guest answers
see_guest() {
        guest-wait "$CUT_GUEST" "$UP_SECONDS" && guest-state "$CUT_GUEST" > "$CUT/$1.new" && mv "$CUT/$1.new" "$CUT/$1"
}
