# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# timeout: 900
#
# The worker is killed before and after the commit point, the daemon in the middle: the guest runs on, or is moved,
# and nothing is left behind.

. /lab/ctl.sh
a=$(function_address 1 0) b=$(function_address 2 0)

guest-state s3 > before
job=$(begin move s3 --function "$b")
await_step "$job" save
pkill -9 -f "vgpu-hibernate-worker .* run $job"
check "worker killed in the save: the job ends as failed" wait_for 240 job_is "$job" failed
check "and says why" refused WorkerDied "runs on as before" vgpu-hibernatectl job --follow "$job"
guest-wait s3 300
guest-state s3 > after
check "the guest runs on as it was" guest-proof --mac-same before after
check "on the function it had" is "$(domain_functions s3)" "$a"
check "nothing is left" nothing_left_of s3
check "the target is free again" function_is "$b" free

guest-state s3 > before
job=$(begin move s3 --function "$b")
await_step "$job" restore
pkill -9 -f "vgpu-hibernate-worker .* run $job"
check "worker killed in the restore: the job goes forward" wait_for 300 job_is "$job" "done"
guest-state s3 > after
check "the guest is moved" guest-proof --mac "$(function_mac 2 0)" before after
check "the books are right" moved s3 "$a" "$b"

guest-state s3 > before
job=$(begin move s3 --function "$a")
await_step "$job" suspend
systemctl kill --kill-whom=main --signal=SIGKILL vgpu-hibernated
check "daemon killed: its successor takes the job over" wait_for 300 job_is "$job" "done"
guest-state s3 > after
check "the guest is moved" guest-proof --mac "$(function_mac 1 0)" before after
check "the books are right" moved s3 "$b" "$a"
check "the daemon was started again by systemd" \
        test "$(systemctl show --property NRestarts --value vgpu-hibernated)" -ge 1
