# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The nested host's disk: the host tree, the files in image/, the guests' kernel, a key to log in with.
# Nothing of the project is in it, so that it need not be made again when the project changes.

# What runs by a clock or waits for something that a lab does not have.
IMAGE_MASKED=(
        apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer
        e2scrub_reap.service getty@tty1.service serial-getty@ttyS0.service systemd-networkd-wait-online.service
        libvirt-guests.service
)

make_image() {
        local dir=$1 tree=$2 kernel=$3 root=$1/root unit

        cp -a "$tree" "$root"
        cp -r --preserve=mode "$LAB_DIR/image/." "$root/"
        rm -rf "${root:?}/boot"
        mkdir "$root/boot"

        ssh-keygen -q -t ed25519 -N '' -C lab -f "$dir/id"
        install -d -m700 "$root/root/.ssh"
        install -m600 "$dir/id.pub" "$root/root/.ssh/authorized_keys"

        mkdir -p "$root/lab" "$root/var/log/journal" "$root/var/log/lab"
        install -m644 "$kernel/vmlinuz" "$kernel/guest.initrd" "$root/lab/"

        echo lab > "$root/etc/hostname"
        # Empty: made at boot, without what systemd does at a very first boot.
        : > "$root/etc/machine-id"

        for unit in "${IMAGE_MASKED[@]}"; do
                ln -sf /dev/null "$root/etc/systemd/system/$unit"
        done
        # systemctl wants to see /proc; the mount ends with its namespace.
        # shellcheck disable=SC2016 # for the inner shell
        unshare --mount --propagation private bash -euc 'mount -t proc proc "$0/proc"; exec chroot "$0" "$@"' "$root" \
                systemctl --quiet enable systemd-networkd.service lab-functions.service ssh.service

        truncate -s "$DISK_SIZE" "$dir/host.raw"
        mke2fs -q -F -t ext4 -m 0 -E lazy_itable_init=1,lazy_journal_init=1 -d "$root" "$dir/host.raw"
        rm -rf --one-file-system "$root"
}

# get_image TREE KERNEL -> directory with host.raw and the key "id"
get_image() {
        local key

        key=$(recipe_key "made from $1" "made from $2" "$DISK_SIZE" "$LAB_DIR/image.sh" "$LAB_DIR/image")
        cache_get image "$key" make_image "$1" "$2" || die "cannot make the nested host's disk"
}
