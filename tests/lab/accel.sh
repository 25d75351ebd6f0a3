# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Which accelerator runs the nested host? Only a trial tells: /dev/kvm may be there, make virtual machines,
# and still not run an unmodified kernel.

ACCEL_TRIAL_SECONDS=20

accel_trial() {
        local output TREE_COMMAND MACHINE_ARGS

        [ -w /dev/kvm ] || return 1
        host_machine kvm "$KERNEL"
        tree_command "$TREE" qemu-system-x86_64
        output=$(timeout -k 1 "$ACCEL_TRIAL_SECONDS" \
                "${TREE_COMMAND[@]}" -L "$TREE/usr/share/qemu" -L "$TREE/usr/share/seabios" "${MACHINE_ARGS[@]}" \
                -object "memory-backend-ram,size=${MEMORY_MIB}M,id=ram" -netdev user,id=management \
                -initrd "$KERNEL/trial.initrd" -append "$HOST_CMDLINE $BOOT_CMDLINE" -serial stdio < /dev/null 2>&1) || return 1
        grep -q "LAB TRIAL OK" <<< "$output"
}

make_accel() {
        if accel_trial; then
                echo kvm > "$1/accel"
        else
                echo tcg > "$1/accel"
        fi
}

# get_accel -> kvm or tcg. The answer is kept for as long as kernel and processor of this machine are the same.
get_accel() {
        local key path

        if [ -n "${VGPU_LAB_ACCEL:-}" ]; then
                echo "$VGPU_LAB_ACCEL"
                return
        fi
        key=$(recipe_key "$(uname -a)" "$(sed -n '/^flags/{p;q}' /proc/cpuinfo)" "$(stat -c %t:%T /dev/kvm 2>/dev/null)" \
                "made from $KERNEL" "$(declare -f host_machine accel_trial)")
        path=$(cache_get accel "$key" make_accel) || die "cannot try the accelerators"
        cat "$path/accel"
}
