# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Tiny initramfs images: busybox, an init, some kernel modules, some programs with their libraries.

tree_kernel_version() {
        basename "$1"/lib/modules/*
}

# initrd_add_modules TREE DIR LIST MODULE...: copy modules with what they depend on; DIR/LIST names them in load order
initrd_add_modules() {
        local tree=$1 dir=$2 list=$3 version module file name
        shift 3

        version=$(tree_kernel_version "$tree")
        mkdir -p "$dir/lib/mod"
        for module; do
                chroot "$tree" modprobe -S "$version" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
        done | awk '!seen[$0]++' | while read -r file; do
                name=${file##*/}
                name=${name%.xz}
                # Another list of the same image may have it already, and loads it first.
                [ ! -e "$dir/lib/mod/$name" ] || continue
                case $file in
                *.xz) "$tree/usr/bin/busybox" xzcat "$tree$file" > "$dir/lib/mod/$name" ;;
                *.ko) cp "$tree$file" "$dir/lib/mod/$name" ;;
                *)    die "cannot unpack the kernel module $file" ;;
                esac
                echo "$name"
        done > "$dir/$list"
}

# initrd_add_program TREE DIR PROGRAM: copy it to /bin, and the libraries that it is linked with
initrd_add_program() {
        local tree=$1 dir=$2 program=$3 library

        install -D "$tree$program" "$dir/bin/${program##*/}"
        chroot "$tree" ldd "$program" | awk '$3 ~ /^\// { print $3 } $1 ~ /^\/lib64/ { print $1 }' |
                while read -r library; do
                        install -D "$(chroot_path "$tree" "$library")" "$dir$library"
                done
}

# A symbolic link of the tree may be absolute, and means the tree's file then.
chroot_path() {
        echo "$1$(chroot "$1" readlink -f "$2")"
}

# initrd_begin TREE DIR INIT
initrd_begin() {
        local tree=$1 dir=$2 init=$3 applet

        mkdir -p "$dir"/{bin,dev,etc,lib,mnt,proc,run,sys,tmp,var}
        ln -s bin "$dir/sbin"
        ln -s ../run "$dir/var/run"
        cp "$tree/usr/bin/busybox" "$dir/bin/"
        for applet in $("$dir/bin/busybox" --list); do
                [ "$applet" = busybox ] || ln -sf busybox "$dir/bin/$applet"
        done
        install -m755 "$init" "$dir/init"
}

# initrd_pack TREE DIR OUTPUT
initrd_pack() {
        (cd "$2" && find . -print0 | sort -z | tree_exec "$1" cpio -0 -o -H newc --quiet -R 0:0) | gzip -1 > "$3"
}

# Kernel and the three initramfs images: nested host, guest, and the one that only says that it ran.
make_kernel() {
        local dir=$1 tree=$2 work=$1/work

        cp "$tree/boot/vmlinuz-$(tree_kernel_version "$tree")" "$dir/vmlinuz"

        initrd_begin "$tree" "$work/host" "$LAB_DIR/guest/init-host"
        initrd_add_modules "$tree" "$work/host" modules virtio_pci virtio_blk ext4
        initrd_pack "$tree" "$work/host" "$dir/host.initrd"

        initrd_begin "$tree" "$work/trial" "$LAB_DIR/guest/init-trial"
        initrd_pack "$tree" "$work/trial" "$dir/trial.initrd"

        # The disk's modules come first and alone: a hibernated guest must find its image before any other device wakes up.
        initrd_begin "$tree" "$work/guest" "$LAB_DIR/guest/init"
        initrd_add_modules "$tree" "$work/guest" modules.disk virtio_pci virtio_blk
        initrd_add_modules "$tree" "$work/guest" modules virtio_console igbvf
        initrd_add_program "$tree" "$work/guest" /usr/sbin/qemu-ga
        install -m755 "$LAB_DIR/guest/state" "$LAB_DIR/guest/reach" "$LAB_DIR/guest/counter" "$work/guest/bin/"
        initrd_pack "$tree" "$work/guest" "$dir/guest.initrd"

        rm -rf "$work"
}

get_kernel() {
        local key

        key=$(recipe_key "made from $1" "$LAB_DIR/initrd.sh" "$LAB_DIR/guest")
        cache_get kernel "$key" make_kernel "$1" || die "cannot make kernel and initramfs"
}
