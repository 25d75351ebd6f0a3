# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The project, built for the nested host in a tree of its own and put into the running one.

PROJECT=$CACHE/project-$CHECKOUT_ID

# The sources are seen read-only, and the build directory is kept: only what changed is compiled.
# Mounts are made in a namespace of their own, which ends with the build.
project_build() {
        local started=$EPOCHREALTIME devel

        [ -f "$SOURCE_DIR/meson.build" ] || die "there is no project to build yet, use --no-project"
        devel=$(get_tree devel)
        mkdir -p "$PROJECT/build" "$PROJECT/root"

        # Another tree may have another compiler.
        if [ "$(cat "$PROJECT/tree" 2>/dev/null)" != "$devel" ]; then
                rm -rf --one-file-system "$PROJECT/build"
                mkdir "$PROJECT/build"
                echo "$devel" > "$PROJECT/tree"
        fi
        # What is no longer installed must not stay.
        rm -rf --one-file-system "$PROJECT/root"
        mkdir "$PROJECT/root"

        # shellcheck disable=SC2016 # for the inner shell
        if ! unshare --mount --propagation private bash -euo pipefail -c '
                devel=$1 source=$2 project=$3
                mount -t tmpfs -o mode=755 tmpfs "$devel/mnt"
                mkdir "$devel/mnt/source" "$devel/mnt/project"
                mount --bind "$source" "$devel/mnt/source"
                mount -o remount,bind,ro "$devel/mnt/source"
                mount --bind "$project" "$devel/mnt/project"
                mount -t proc proc "$devel/proc"
                mount --bind /dev "$devel/dev"
                mount -t tmpfs tmpfs "$devel/tmp"
                exec chroot "$devel" env -i PATH=/usr/sbin:/usr/bin HOME=/tmp LANG=C.UTF-8 bash -euo pipefail -c "
                        cd /mnt/project
                        [ -f build/build.ninja ] || meson setup build /mnt/source --buildtype=debugoptimized \
                                --prefix=/usr --sysconfdir=/etc --localstatedir=/var --libexecdir=libexec
                        ninja -C build
                        DESTDIR=/mnt/project/root meson install -C build --no-rebuild"
                ' _ "$devel" "$SOURCE_DIR" "$PROJECT" > "$PROJECT/log" 2>&1 8>&- 9>&-; then
                tail -n 60 "$PROJECT/log" >&2
                die "the project does not build for $SUITE, see $PROJECT/log"
        fi
        log "project built in $(seconds_since "$started") s"
}

# What a package's scripts would do after unpacking.
project_install() {
        local started=$EPOCHREALTIME

        tar -C "$PROJECT/root" -c . | host_exec 'tar -C / -x --no-same-owner --no-overwrite-dir' ||
                die "cannot copy the project into the nested host"
        host_exec 'set -e
                ldconfig
                systemd-sysusers
                systemd-tmpfiles --create 2>/dev/null || true
                systemctl daemon-reload
                journalctl --update-catalog
                busctl --quiet call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
                systemctl try-restart polkit.service systemd-logind.service
                systemctl --quiet preset vgpu-hibernated.service
                install -m644 /lab/vgpu-hibernate.json /etc/vgpu-hibernate/vgpu-hibernate.json
                systemctl try-restart vgpu-hibernated.service
                sync -f /' >&2 || die "cannot set the project up in the nested host"
        log "project installed in $(seconds_since "$started") s"
}
