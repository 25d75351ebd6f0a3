/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* vgpu-hibernate-hook: what libvirt runs as /etc/libvirt/hooks/qemu.d/vgpu-hibernate. */

#include <stdio.h>

#include "hook/hook.h"
#include "store/config.h"

/* A domain's name may have any character but '/' and the line feed. */
static void print_line(const char *text)
{
        (void) fputs("vgpu-hibernate: ", stderr);
        for (; *text; text++)
                (void) fputc((unsigned char) *text < ' ' || *text == 127 ? '?' : *text, stderr);
        (void) fputc('\n', stderr);
}

int main(int argc, char **argv)
{
        static const HookPaths paths = {
                .config = CONFIG_PATH,
                .state_dir = STATE_DIR,
                .pci_devices = "/sys/bus/pci/devices",
        };
        _cleanup_(failure_done) Failure refused = { 0 };
        _cleanup_free_ char *xml = NULL;

        /* No options: the first argument is a domain's name, and that may look like one. */
        if (argc != 5) {
                print_line("is run by libvirt, with four arguments; see vgpu-hibernate-hook(8)");
                return 2;
        }

        if (hook_run(&paths, argv[1], argv[2], argv[3], STDIN_FILENO, &xml, &refused) < 0) {
                print_line(failure_message(&refused));
                return EXIT_FAILURE;
        }

        /* Half of it would be worse than none: libvirt must not go on. */
        if (xml && (fputs(xml, stdout) < 0 || fflush(stdout) < 0)) {
                print_line("cannot hand the XML to libvirt");
                return EXIT_FAILURE;
        }

        return EXIT_SUCCESS;
}
