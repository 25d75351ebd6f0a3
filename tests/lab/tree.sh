# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Debian trees: the nested host's userland, and the one in which the project is built.
# The machine's own QEMU may be too old to emulate the card, so the host tree's programs serve the lab as well.

# The mirror is the one that the machine itself uses, in whichever format its apt is configured.
debian_mirror() {
        local code

        if [ -n "${VGPU_LAB_MIRROR:-}" ]; then
                echo "$VGPU_LAB_MIRROR"
                return
        fi

        # shellcheck source=/dev/null
        code=$(. /etc/os-release && echo "$VERSION_CODENAME")

        # shellcheck disable=SC2016 # apt fills in these, not the shell
        apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
                awk -v code="$code" '
                        $2 != "main" { next }
                        $1 == code && $3 ~ /\/debian\/?$/ { print $3; found = 1; exit }
                        $1 == code || $3 ~ /\/debian\/?$/ { other = other ? other : $3 }
                        END { if (!found) { if (!other) exit 1; print other } }' ||
                die "no Debian mirror in apt's configuration, set VGPU_LAB_MIRROR"
}

make_tree() {
        local dir=$1 list=$2 mirror packages option options=()

        mirror=$(debian_mirror)
        packages=$(sed '/^#/d; /^$/d' "$LAB_DIR/lists/$list" | paste -sd,)

        # A proxy or certificate that apt needs on this machine is needed for the tree as well.
        while read -r option; do
                options+=(--aptopt="$option")
        done < <(apt-config dump | grep -E '^Acquire::https?::[^ ]+ "..*"' || true)

        mmdebstrap --quiet --mode=root --variant=minbase \
                --aptopt='Apt::Install-Recommends "false"' \
                --aptopt='Acquire::Languages "none"' \
                --aptopt='Acquire::Check-Valid-Until "false"' \
                --dpkgopt='path-exclude=/usr/share/doc/*' \
                --dpkgopt='path-exclude=/usr/share/man/*' \
                --dpkgopt='path-exclude=/usr/share/locale/*' \
                --include="$packages" "${options[@]}" \
                "$SUITE" "$dir/root" "deb $mirror $SUITE main"

        # The tree outlives this machine's idea of a mirror.
        rm -rf "$dir/root/etc/apt/sources.list" "$dir/root/etc/apt/sources.list.d"/*
}

# get_tree host|devel -> root directory of the tree
get_tree() {
        local key path

        key=$(recipe_key "$SUITE" "$LAB_DIR/lists/$1" "$(declare -f make_tree)")
        path=$(cache_get "tree-$1" "$key" make_tree "$1") || die "cannot make the $1 tree"
        echo "$path/root"
}

# tree_command TREE PROGRAM -> sets TREE_COMMAND: a program of the tree through the tree's own loader and libraries.
# No chroot and hence no mounts: paths mean what they mean on the machine.
tree_command() {
        local lib=$1/usr/lib/x86_64-linux-gnu

        TREE_COMMAND=(
                env QEMU_MODULE_DIR="$lib/qemu"
                "$1/lib64/ld-linux-x86-64.so.2" --library-path "$lib" "$1/usr/bin/$2"
        )
}

# tree_exec TREE PROGRAM [ARGUMENT...]
tree_exec() {
        local TREE_COMMAND

        tree_command "$1" "$2"
        shift 2
        "${TREE_COMMAND[@]}" "$@"
}
