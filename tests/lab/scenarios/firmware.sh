# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC1091
# guests: s3 ovmf q35
# timeout: 900
# thorough
#
# Both machine types with both firmwares: what "explain" says of a guest is what then happens. SeaBIOS on q35 resumes once
# in each boot, and says so before; all others as often as they are asked to.

. /lab/ctl.sh

# explains NAME WORD...: it is possible, and each word is said of it; explains_not NAME WORD: that is not
explains() {
        local name=$1 said word
        shift
        said=$(vgpu-hibernatectl explain "$name") || { echo "refused: $said"; return 1; }
        for word; do
                [[ $said = *"$word"* ]] || { echo "'$word' is not in: $said"; return 1; }
        done
}
explains_not() {
        ! explains "$1" "$2" > /dev/null
}

refused_by_explain() {
        local said
        ! said=$(vgpu-hibernatectl explain "$1" 2>&1) || { echo "possible: $said"; return 1; }
        [[ $said = *"once in this boot"*"reboot the guest"* ]] || { echo "got: $said"; return 1; }
}

# moves NAME: the same guest, on another function
moves() {
        guest-state "$1" > before
        vgpu-hibernatectl move "$1"
        guest-state "$1" > after
        guest-proof --mac-differs before after
}

# i440fx with OVMF is none of the guests that run already; it boots while others move.
loader="/usr/share/OVMF/OVMF_CODE_4M.fd"
guest-like s3 "s|hvm</type>|&<loader readonly='yes' type='pflash'>$loader</loader><nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'/>|" \
        --name pc-ovmf --function "$(function_address 1 2)" --ip 10.9.0.15/24 > pc-ovmf.log 2>&1 &
booting=$!
check "s3 (i440fx, SeaBIOS) can" explains s3
check "and nothing is said of once" explains_not s3 "once in each boot"

check "q35 (q35, SeaBIOS) can, once in each boot" explains q35 "once in each boot" "suspend-to-disk"
check "and does" moves q35
guest-state q35 > before
check "the second time explain refuses it" refused_by_explain q35
check "and so does a move, with the same words" refused SuspendDisabled "once in this boot" vgpu-hibernatectl move q35
check "the other strategy could not power it off" \
        refused SuspendDisabled "once in this boot" vgpu-hibernatectl move q35 --strategy suspend-to-disk
guest-state q35 > after
check "it was not touched" guest-proof --mac-same before after
virsh -q destroy q35

for name in s3 ovmf; do
        for time in first second; do
                check "$name moves a $time time" moves $name
                check "$name can again" explains $name
        done
done

check "pc-ovmf (i440fx, OVMF) boots" wait $booting
for time in first second; do
        check "pc-ovmf can" explains pc-ovmf
        check "pc-ovmf moves a $time time" moves pc-ovmf
done
