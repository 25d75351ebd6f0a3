# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Things that are slow to make are kept in the cache as directories called NAME-KEY, where the key is a hash of
# their recipe. They are made under a temporary name and renamed once complete, so what is there is whole.

CACHE_KEEP=3

# recipe_key STRING-OR-FILE... -> key. Files count by content, anything else as the text that it is.
recipe_key() {
        local part

        for part; do
                if [ -d "$part" ]; then
                        (cd "$part" && find . -type f -printf '%m %p ' -exec sha256sum {} \; | sort)
                elif [ -f "$part" ]; then
                        sha256sum < "$part"
                else
                        printf '%s\n' "$part"
                fi
        done | sha256sum | cut -c1-16
}

# cache_get NAME KEY MAKER [ARGUMENT...] -> path. Runs "MAKER TEMPDIR ARGUMENT..." if it is not there yet.
cache_get() {
        local name=$1 key=$2 maker=$3
        local path=$CACHE/$name-$key temporary started
        shift 3

        if [ ! -e "$path" ]; then
                (
                        # Another checkout may be making the very same thing: wait for it instead of doing it twice.
                        flock 9
                        [ ! -e "$path" ] || exit 0

                        log "making $name ($key)"
                        started=$EPOCHREALTIME
                        # What is left under a temporary name belongs to a maker that died: the lock is ours.
                        rm -rf --one-file-system "$CACHE/.making-$name".*
                        temporary=$(mktemp -d "$CACHE/.making-$name.XXXXXX")
                        chmod 755 "$temporary"
                        trap 'rm -rf --one-file-system "$temporary"' EXIT

                        # A process of its own: here, after "||", the shell would not stop at an error.
                        "$LAB_DIR/call" "$maker" "$temporary" "$@" >&2 9>&- || exit 1
                        mv -T "$temporary" "$path"
                        log "made $name in $(seconds_since "$started") s"
                        cache_prune "$name"
                ) 9> "$CACHE/.$name.lock" || return 1
        fi

        [ -e "$path" ] || return 1
        touch "$path"
        echo "$path"
}

# Keep the most recently used few: another checkout may be at a neighbouring recipe.
cache_prune() {
        local name=$1 path

        find "$CACHE" -maxdepth 1 -type d -regextype posix-extended -regex ".*/$name-[0-9a-f]{16}" -printf '%T@ %p\n' |
                sort -rn | tail -n +$((CACHE_KEEP + 1)) | cut -d' ' -f2- |
                while read -r path; do
                        rm -rf --one-file-system "$path"
                done
}
