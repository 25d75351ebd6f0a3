/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* usage: hook-process NAME OPERATION SUBOPERATION EXTRA: vgpu-hibernate-hook on the bus and with the files of a test. */
#include <unistd.h>

#include "hook/hook.h"

int main(int argc, char **argv)
{
        const HookPaths paths = {
                .config = getenv("HOOK_CONFIG"),
                .state_dir = getenv("HOOK_STATE_DIR"),
                .pci_devices = "/sys/bus/pci/devices",
                .user_bus = true,
        };

        if (argc != 5 || !paths.config || !paths.state_dir)
                return 2;

        return hook_run(&paths, argv[1], argv[2], argv[3], STDIN_FILENO, &(char *) { NULL }, NULL) < 0;
}
