# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3
# thorough
# timeout: 900
#
# Plain virsh, with libvirt's hook: what it lets start, with the daemon and without; who may not start is told why.

. /lab/ctl.sh
spare=$(function_address 1 2)

systemctl reload libvirtd
vgpu-hibernatectl status

say "Others"
guest-start s3 --no-wait --name bare --no-function
check "a domain without a function starts" is "$(virsh -q domstate bare)" running
virsh -q destroy bare
guest-start s3 --no-wait --name other --function "$spare"
check "a function is assigned when its domain has started" is "$(function_state "$spare")" assigned
virsh -q destroy other
check "when it has ended it is nobody's before it is reset, at once" is "$(function_state "$spare")" leased
check "who had it gets it back" virsh -q start other
virsh -q destroy other
check "then it is free" function_is "$spare" free
vgpu-hibernatectl quarantine "$spare" --reason "it smokes"
check "a start with a function in quarantine is refused, with the reason" fails_with "it smokes" virsh start other
vgpu-hibernatectl clear "$spare"

say "Without the daemon"
systemctl stop vgpu-hibernated
check "foreign domains start as ever" virsh -q start bare
check "who owns a function of the pool is refused" fails_with "vgpu-hibernated does not run" virsh start other
jq --arg address "$spare" '.functions.exclude = [{ address: $address }]' /lab/vgpu-hibernate.json > /etc/vgpu-hibernate/vgpu-hibernate.json
check "who owns a device that is not of the pool starts as ever" virsh -q start other
virsh -q destroy other
rm -r /var/lib/vgpu-hibernate /etc/vgpu-hibernate/vgpu-hibernate.json
check "also on a machine where the daemon never ran" virsh -q start other
virsh -q destroy other
cp /lab/vgpu-hibernate.json /etc/vgpu-hibernate/
systemctl start vgpu-hibernated
virsh -q destroy bare
check "with the daemon it starts" virsh -q start other
virsh -q destroy other
