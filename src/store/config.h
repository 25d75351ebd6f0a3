/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Config: /etc/vgpu-hibernate/vgpu-hibernate.json, documented in vgpu-hibernate.json(5). */

#include "core/adoption.h"
#include "core/family.h"
#include "core/fragmentation.h"
#include "core/pool.h"

#define CONFIG_PATH "/etc/vgpu-hibernate/vgpu-hibernate.json"
#define STATE_DIR "/var/lib/vgpu-hibernate"
#define CONFIG_RULES_MAX 1024
#define CONFIG_POOLS_MAX 64
#define POOL_NAME_MAX (64 + 1) /* with the final NUL */
#define CONFIG_FAMILY_NAME_MAX (64 + 1)

/* One rule: a function matches when every member that is set is equal. */
typedef struct FunctionRule {
        bool has_vendor, has_device, has_class, has_physical_function, has_address;
        bool has_slot, has_serial, has_index, has_numa_node, has_family;
        uint16_t vendor, device;
        uint16_t class_code; /* upper 16 bits of the 24: class and subclass */
        bool class_only;     /* "03": any subclass */
        PciAddress physical_function, address;
        Locator locator; /* what of it the rule has */
        int numa_node;
        char family[CONFIG_FAMILY_NAME_MAX];
} FunctionRule;

/* Functions among which targets are chosen, by one policy. */
typedef struct PoolConfig {
        char *name;
        FunctionRule *match; /* at least one */
        size_t n_match;
        FunctionRule *prefer; /* what fits an earlier one is chosen first, what fits none last */
        size_t n_prefer;
        PickPolicy pick;
} PoolConfig;

typedef struct Config {
        char *libvirt_uri;
        char *image_dir;     /* where libvirt writes managed saves */
        FunctionRule *match; /* none: VFs of class 03 (display) or 12 (accelerator) */
        size_t n_match;
        FunctionRule *exclude;
        size_t n_exclude;
        PoolConfig *pools; /* what none of them has is in a pool of its device type */
        size_t n_pools;
        RequestShare *requests; /* owned: the mix of them that fragmentation is measured by */
        size_t n_requests;
        PickPolicy pick;                       /* of pools that say nothing else */
        uint64_t agent_timeout_usec;           /* one guest agent command */
        uint64_t suspend_timeout_usec;         /* guest S3, until QEMU says suspended */
        uint64_t suspend_to_disk_timeout_usec; /* guest S4, until shut off */
        uint64_t unplug_timeout_usec;          /* until the guest has let go of its functions */
        uint64_t wake_timeout_usec;            /* until QEMU says running */
        uint64_t health_timeout_usec;          /* until the agent answers after a resume */
        uint64_t attempts_max;        /* sets of targets that a job may try, 1 to JOB_ATTEMPTS_MAX - 1 */
        uint64_t jobs_max;            /* how many may run at once; 0: by disk */
        uint64_t image_reserve_bytes; /* to be left free where images are written */
        bool start_without_daemon;    /* libvirt may start who owns functions while there is no daemon */
        uint64_t reset_delay_usec; /* for which a function that a guest gave back waits for the same domain */
        OnShutdown on_shutdown;    /* of adopted domains that say nothing themselves */
        uint64_t finished_jobs_max; /* how many records of ended jobs are kept */
        Families families;          /* from files of their own: store/families.h */
        bool families_unread;       /* there are such files, and they are bad */
} Config;

/* The defaults. */
int config_new(Config **ret) _warn_unused_result_;
Config *config_free(Config *c);
DEFINE_CLEANUP_FUNC(Config *, config_free);

/* A missing file gives the defaults; a bad one an error with file, path of the member and what was expected. */
int config_load(const char *path, Config **ret, Failure *reterr) _warn_unused_result_;
int config_parse(const char *text, size_t size, const char *name, Config **ret,
                 Failure *reterr) _warn_unused_result_;

/* Is this function one that is handled at all? */
bool config_matches(const Config *c, const Function *f);
/* The pool that this function is in: the first configured one with a rule that fits, else that of its device type, like
 * "1002-74b6"; and its rank there (Function.rank). */
PickPolicy config_pool_of(const Config *c, const Function *f, char ret_name[static POOL_NAME_MAX],
                          uint32_t *ret_rank);
