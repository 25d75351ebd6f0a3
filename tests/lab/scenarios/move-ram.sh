# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 ovmf
# timeout: 900
#
# The main job: two guests, one of each firmware that resumes repeatedly, move back and forth three times. The token,
# the counting process and the boot stay, the MAC address of the function follows, the peer answers.

. /lab/ctl.sh

# move_thrice NAME NUMBER: between function NUMBER of card 1, where it is, and the same of card 2
move_thrice() {
        local name=$1 number=$2 from=1 to=2 turn
        for turn in 1 2 3; do
                guest-state "$name" > "$name-before"
                vgpu-hibernatectl move "$name" --function "$(function_address "$to" "$number")"
                guest-state "$name" > "$name-after"
                check "$name: move $turn: the same guest, on the function of card $to" \
                        guest-proof --mac "$(function_mac "$to" "$number")" "$name-before" "$name-after"
                check "$name: move $turn: it reaches its peer" guest-ping "$name"
                check "$name: move $turn: the books are right" \
                        moved "$name" "$(function_address "$from" "$number")" "$(function_address "$to" "$number")"
                from=$(( 3 - from )) to=$(( 3 - to ))
        done
}

move_thrice s3 0
move_thrice ovmf 1
vgpu-hibernatectl jobs
check "the last job's story names every step" \
        is "$(vgpu-hibernatectl --json job 6 | jq -r '[.steps[] | select(.state == "done") | .name] | join(" ")')" \
        "check bind suspend set-mode save sync rebind rewrite restore continue wake discard redefine release health clean"
