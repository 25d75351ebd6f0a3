# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Guests whose kernel has a real GPU driver in it, without a GPU: Debian stable's, which does not follow to another card,
# and Debian testing's, which does. Only for a scenario that says "# probe-kernels" in its head.

# make_probe_initrd HOST-TREE KERNEL-TREE OUTPUT: as the guests', with amdgpu
make_probe_initrd() {
        local host=$1 tree=$2 output=$3 work
        work=$(mktemp -d)

        initrd_begin "$host" "$work" "$LAB_DIR/guest/init"
        initrd_add_modules "$tree" "$work" modules.disk virtio_pci virtio_blk
        initrd_add_modules "$tree" "$work" modules virtio_console igbvf amdgpu
        initrd_add_program "$host" "$work" /usr/sbin/qemu-ga
        install -m755 "$LAB_DIR/guest/state" "$LAB_DIR/guest/reach" "$LAB_DIR/guest/counter" "$work/bin/"
        initrd_pack "$host" "$work" "$output"
        rm -rf "$work"
}

make_probe_kernels() {
        local dir=$1 host=$2 newest=$3 tree

        mkdir "$dir/stable" "$dir/testing"
        for tree in stable:"$host" testing:"$newest"; do
                cp "${tree#*:}/boot/vmlinuz-$(tree_kernel_version "${tree#*:}")" "$dir/${tree%%:*}/vmlinuz"
                make_probe_initrd "$host" "${tree#*:}" "$dir/${tree%%:*}/initrd"
        done
}

# get_probe_kernels HOST-TREE -> directory with stable/ and testing/, in each vmlinuz and initrd
get_probe_kernels() {
        local key newest

        newest=$(VGPU_LAB_SUITE=testing SUITE=testing get_tree newest)
        key=$(recipe_key "made from $1" "made from $newest" "$LAB_DIR"/{initrd,probe-kernels}.sh "$LAB_DIR/guest")
        cache_get probe-kernels "$key" make_probe_kernels "$1" "$newest" || die "cannot make the kernels to probe"
}
