# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2153,SC2054 # ACCEL and KERNEL are set; commas belong to the options
#
# The nested host as a QEMU process. It starts in one of three ways:
#   cold   from its disk
#   record from its disk, with its RAM in a file of the warm snapshot that is being made
#   warm   from the warm snapshot: RAM is that file, mapped privately, so that nothing is copied and
#          every start is pristine; the devices' state is a migration stream of a few megabytes
# In every way its disk is an overlay in $RUN, and a power cut is a SIGKILL.

# What the snapshot depends on: QEMU must be the same on both sides.
# host_machine ACCEL KERNEL -> sets MACHINE_ARGS
host_machine() {
        local accel=$1 kernel=$2 card

        case $accel in
        kvm)
                # The emulated IOMMU remaps interrupts, which the kernel's own IOAPIC cannot.
                MACHINE_ARGS=(-machine q35,memory-backend=ram,kernel-irqchip=split -accel kvm -cpu host) ;;
        tcg)
                MACHINE_ARGS=(-machine q35,memory-backend=ram -accel tcg,thread=multi,tb-size=1024 -cpu Nehalem) ;;
        *)
                die "unknown accelerator '$accel'" ;;
        esac

        MACHINE_ARGS+=(
                -name lab -smp "$CPUS" -m "$MEMORY_MIB"
                -nodefaults -no-user-config -display none -no-reboot
                -device intel-iommu,intremap=on
                -device virtio-rng-pci
                -device virtio-net-pci,netdev=management,mac=52:54:00:00:00:01,romfile=
                -device virtio-net-pci,netdev=peer,mac=52:54:00:00:00:02,romfile=
                -netdev hubport,id=peer,hubid=1
                -kernel "$kernel/vmlinuz"
        )
        for (( card = 1 - MORE_CARDS; card <= CARDS; card++ )); do
                MACHINE_ARGS+=(
                        -device "pcie-root-port,id=port$card,chassis=$card,slot=$card,addr=$(printf %x $(( 15 + card )))"
                        -netdev "hubport,id=card$card,hubid=1"
                        -device "igb,id=card$card,bus=port$card,netdev=card$card,mac=$(printf '52:54:00:00:%x0:00' "$card"),romfile="
                )
        done
}

HOST_CMDLINE="console=ttyS0 root=/dev/vda rw quiet loglevel=4 panic=1 intel_iommu=on"
HOST_CMDLINE+=" mitigations=off nokaslr tsc=reliable audit=0 systemd.ssh_auto=no lab.cards=$CARDS lab.functions=$FUNCTIONS"
# functions-state writes to a function that a driver holds
HOST_CMDLINE+=" iomem=relaxed"

# Of no meaning to a host that has booted, and hence not part of the snapshot's key. The kernel panics if the timer
# misses its first few beats, which under emulation it may.
BOOT_CMDLINE="no_timer_check"

qemu_system() {
        tree_exec "$TREE" qemu-system-x86_64 -L "$TREE/usr/share/qemu" -L "$TREE/usr/share/seabios" "$@"
}

qemu_img() {
        tree_exec "$TREE" qemu-img "$@"
}

# host_start cold|record|warm DIRECTORY-OF-THE-SNAPSHOT
host_start() {
        local way=$1 snapshot=${2:-} memory args=()

        host_running && die "the nested host is running already, see 'stop'"

        memory="size=${MEMORY_MIB}M,id=ram"
        case $way in
        cold)   memory="memory-backend-ram,$memory" ;;
        record) memory="memory-backend-file,$memory,mem-path=$snapshot/ram,share=on" ;;
        warm)   memory="memory-backend-file,$memory,mem-path=$snapshot/ram,share=off,readonly=on,rom=off"
                args=(-incoming defer) ;;
        esac

        rm -f "$RUN/monitor" "$RUN/qemu.pid"
        host_machine "$ACCEL" "$KERNEL"
        # Flushes are honoured, or a power cut would not be one: what the host did not sync may be lost, the rest not.
        if ! qemu_system "${MACHINE_ARGS[@]}" \
                -object "$memory" "${args[@]}" \
                -initrd "$KERNEL/host.initrd" -append "${HOST_CMDLINE/lab.cards=$CARDS/lab.cards=$(( CARDS + MORE_CARDS ))} $BOOT_CMDLINE" \
                -drive "if=none,id=disk,file=$RUN/disk.qcow2,format=qcow2,cache=writeback,discard=unmap" \
                -device virtio-blk-pci,drive=disk \
                -netdev "user,id=management,restrict=on,hostfwd=tcp:127.0.0.1:0-:22" \
                -chardev "file,id=console,path=$RUN/console.log,append=on" -serial chardev:console \
                -chardev "socket,id=monitor,path=$RUN/monitor,server=on,wait=off" -mon chardev=monitor,mode=readline \
                -pidfile "$RUN/qemu.pid" -daemonize 8>&- 9>&- < /dev/null > "$RUN/qemu.log" 2>&1; then
                cat "$RUN/qemu.log" >&2
                die "cannot start the nested host"
        fi

        [ "$way" != warm ] || host_load "$snapshot"
}

# RAM is in its own file, so the stream is told to leave it out. Both sides must say so.
# host_save SNAPSHOT: and stop
host_save() {
        local i

        host_monitor "migrate_set_capability x-ignore-shared on" > /dev/null
        host_monitor "migrate file:$1/state" > /dev/null
        for (( i = 0; i < 300; i++ )); do
                case $(host_monitor "info migrate" | sed -n 's/^\(Migration s\|S\)tatus:[[:space:]]*//p') in
                *completed*)          return 0 ;;
                *failed*|*cancelled*) break ;;
                esac
                sleep 0.2
        done
        host_monitor "info migrate" >&2
        die "cannot take the warm snapshot"
}

host_load() {
        host_monitor "migrate_set_capability x-ignore-shared on" > /dev/null
        host_monitor "migrate_incoming file:$1/state" > /dev/null
}

host_pid() {
        local pid

        pid=$(cat "$RUN/qemu.pid" 2>/dev/null) || return 1
        # A pid may have been given to something else meanwhile.
        tr '\0' ' ' 2>/dev/null < "/proc/$pid/cmdline" | grep -qF "$RUN/qemu.pid" || return 1
        echo "$pid"
}

host_running() {
        host_pid > /dev/null
}

# host_kill SIGNAL: and wait until it is gone
host_kill() {
        local pid i

        ssh_forget
        pid=$(host_pid) || return 0
        kill -s "$1" "$pid" 2>/dev/null || true
        for (( i = 0; i < 100; i++ )); do
                grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null || break
                [ $i != 60 ] || kill -s KILL "$pid" 2>/dev/null || true
                sleep 0.1
        done
        rm -f "$RUN/qemu.pid" "$RUN/monitor"
}

# host_monitor COMMAND -> what the monitor said
host_monitor() {
        printf '%s\n' "$1" | tree_exec "$TREE" socat -t 2 - "UNIX-CONNECT:$RUN/monitor" | tr -d '\r' | sed 1,2d
}

# host_wait_status STATUS SECONDS
host_wait_status() {
        local i

        for (( i = 0; i < $2 * 5; i++ )); do
                host_running || { cat "$RUN/qemu.log" >&2; die "the nested host ended"; }
                ! host_monitor "info status" | grep -q "VM status: $1" || return 0
                sleep 0.2
        done
        die "the nested host's emulator did not become '$1' in $2 s"
}
