# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What no job may leave: a function with two owners or with none that is open, and files.

owned_by_live_domains() {
        local name

        virsh -q list --name | while read -r name; do
                [ -z "$name" ] || virsh -q dumpxml "$name" < /dev/null | hostdev_address | sed "s/^/$name /"
        done | sort
}

nothing_is_reset() {
        vgpu-hibernatectl --json functions | jq -e 'all(.[]; .reason // "" | contains("gave it back") | not)' > /dev/null
}

function_leftovers() {
        wait_for 60 nothing_is_reset || true
        vgpu-hibernatectl --json functions > "$CUT/functions"
        owned_by_live_domains > "$CUT/owned"
        jq -r '.[] | select(.state == "assigned") | "\(.domain) \(.address)"' "$CUT/functions" | sort > "$CUT/assigned"

        cut -d' ' -f2 "$CUT/owned" | sort | uniq -d | sed 's/^/double_owners function of two domains: /'
        comm -23 "$CUT/owned" "$CUT/assigned" | sed 's/^/double_owners in use, and given to others: /'
        comm -13 "$CUT/owned" "$CUT/assigned" | sed 's/^/orphans assigned to a domain that does not have it: /'
        jq -r '.[] | select(.state | IN("free", "assigned") | not) | "orphans function \(.address) is \(.state): \(.reason)"' \
                "$CUT/functions"
        jq -r '.[] | select(.driver != "vfio-pci") | "orphans function \(.address) is on driver \(.driver)"' "$CUT/functions"
}

# The domain runs, or is off for good: in either case no image is kept for it. One that must not run again because its
# guest did stays for people.
file_leftovers() {
        local kept=(-false)

        [ "$(virsh -q domstate "$CUT_GUEST")" = running ] || kept=(-name ".vgpu-hibernate-*.save")
        find /var/lib/libvirt/qemu/save -type f ! \( "${kept[@]}" \) ! -name "$CUT_GUEST.save" -printf 'orphans file %p\n'
        [ "$(virsh -q domstate "$CUT_GUEST")" != running ] || find /var/lib/libvirt/qemu/save -name "$CUT_GUEST.save" -printf 'orphans file %p\n'
        find /var/lib/vgpu-hibernate -type f ! -name ledger.json ! -path '*/jobs/*.json' -printf 'orphans file %p\n'
}

domain_leftovers() {
        local live persistent mode

        [ "$(virsh -q domstate "$CUT_GUEST")" = running ] || return 0
        live=$(virsh -q dumpxml "$CUT_GUEST" | hostdev_address)
        persistent=$(virsh -q dumpxml --inactive "$CUT_GUEST" | hostdev_address)
        mode=$(virsh -q qemu-monitor-command "$CUT_GUEST" '{"execute": "query-migrate-parameters"}' | jq -r .return.mode)
        [ "$live" = "$persistent" ] || echo "orphans the domain has $live, its definition $persistent"
        [ "$mode" = normal ] || echo "orphans migration mode of QEMU: $mode"
}

leftovers_now() {
        { function_leftovers; file_leftovers; domain_leftovers; } > "$CUT/leftovers"
        [ ! -s "$CUT/leftovers" ]
}

# The daemon sees the end of a job a little later than who reads its journal.
leftovers() {
        wait_for 20 leftovers_now || cat "$CUT/leftovers"
}
