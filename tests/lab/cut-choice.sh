# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What dies when: each cut of a run follows from the run's seed and its own number alone, so that any can be repeated.

# Each with its share. Several victims die one after the other; of two workers the second is the one that recovers.
CUT_VICTIMS="worker:27 daemon:20 libvirtd:23 power:12 worker+worker:6 worker+libvirtd:6 daemon+worker:6"
CUT_JOBS="move:60 hibernate:20 resume:20"
# The part of the job in which it happens: "any" and "kept" are a step of the plan, "kept" one of those during which an
# image is all there is of the guest. "time" is any time after the beginning.
CUT_PARTS="any:70 time:30"
# Before and after, the power takes the guest with it, and all that is seen is whether this is said.
CUT_POWER_PARTS="kept:70 any:20 time:10"

CUT_TIME_MSEC=25000
CUT_DELAY_MSEC=400

# draw BELOW: the next number of this cut, as DRAWN
draw() {
        DRAWN=$(( 16#${CUT_DIGITS:0:7} % $1 ))
        CUT_DIGITS=${CUT_DIGITS:7}
}

# draw_name "NAME:SHARE...": one of the names, as DRAWN
draw_name() {
        local entry total=0

        for entry in $1; do
                total=$(( total + ${entry#*:} ))
        done
        draw "$total"
        for entry in $1; do
                if (( DRAWN < ${entry#*:} )); then
                        DRAWN=${entry%:*}
                        return
                fi
                DRAWN=$(( DRAWN - ${entry#*:} ))
        done
}

# choose_cut SEED NUMBER [VICTIM,...] -> the arguments of the nested host's cut-make
choose_cut() {
        local victims=$CUT_VICTIMS entry victim job part step

        CUT_DIGITS=$(printf '%s:%s' "$1" "$2" | sha256sum | cut -d' ' -f1)
        if [ -n "${3:-}" ]; then
                victims=
                for entry in $CUT_VICTIMS; do
                        [[ ",$3," != *",${entry%:*},"* ]] || victims+=" $entry"
                done
                [ -n "$victims" ] || die "no victim is called '$3'; there are: $CUT_VICTIMS"
        fi

        draw_name "$victims"; victim=$DRAWN
        draw_name "$CUT_JOBS"; job=$DRAWN
        if [ "$victim" = power ]; then draw_name "$CUT_POWER_PARTS"; else draw_name "$CUT_PARTS"; fi
        part=$DRAWN
        draw 1000; step=$DRAWN
        if [ "$part" = time ]; then
                draw "$CUT_TIME_MSEC"
        else
                # Half of them at once: the step's intent is on disk, and it has hardly begun.
                draw "$(( 2 * CUT_DELAY_MSEC ))"
                (( DRAWN < CUT_DELAY_MSEC )) || DRAWN=0
        fi
        echo "$victim $job $part $step $DRAWN"
}
