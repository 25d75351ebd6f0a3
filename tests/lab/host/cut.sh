# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the halves of a cut have in common.

. /lab/lib.sh
. /lab/ctl.sh

# What has to be known after a power cut, too.
CUT=/var/lib/lab-cut
mkdir -p "$CUT"

# see_guest FILE: what guest-state says, once the guest answers
see_guest() {
        guest-wait s3 120 && guest-state s3 > "$CUT/$1.new" && mv "$CUT/$1.new" "$CUT/$1"
}
