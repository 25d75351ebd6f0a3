/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vgpu-hibernate-worker: does what may block, in a process of its own that can be killed. The daemon starts it; a
 * person may start it by hand, with the same words.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "basic/log.h"
#include "store/families.h"
#include "worker/adopt.h"
#include "worker/explain.h"
#include "worker/job-run.h"
#include "worker/make-plan.h"
#include "worker/probe.h"
#include "worker/snapshot.h"
#include "worker/start.h"

#define WORKER_EXIT_USAGE 2

static JobSignals signals;

static void on_signal(int signal_number)
{
        if (signal_number == SIGUSR1)
                signals.hold = 1;
        else
                signals.cancel = 1;
}

static int install_signal_handler(void)
{
        /* No SA_RESTART: a wait ends early and its loop sees the request. One to hold disturbs nothing that is under
         * way. */
        const struct sigaction cancel = { .sa_handler = on_signal };
        const struct sigaction hold = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
        sigset_t none;

        if (sigaction(SIGTERM, &cancel, NULL) < 0 || sigaction(SIGINT, &cancel, NULL) < 0 ||
            sigaction(SIGUSR1, &hold, NULL) < 0)
                return -errno;

        /* The daemon may have asked already, see worker_process_spawn(). */
        (void) sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                return -errno;

        /* The daemon may go away while we write to it. */
        return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0;
}

static int usage(FILE *out, int status)
{
        (void) fputs("Usage: vgpu-hibernate-worker [--config=FILE] [--state-dir=DIR]\n"
                     "                             [--families-dir=DIR]... [--dry-run] VERB\n"
                     "\n"
                     "  run ID      execute the queued job ID\n"
                     "  recover ID  bring job ID, whose worker died, to its end\n"
                     "  explain UUID KIND STRATEGY\n"
                     "              print as one line of JSON what speaks against such a job\n"
                     "  plan PARALLEL SECONDS FIXUPS GOAL...\n"
                     "              print as one line of JSON the plan for the inventory that comes from\n"
                     "              standard input\n"
                     "  probe ADDRESS\n"
                     "              reset a function that no domain has, ask its gate, have it cleaned, and\n"
                     "              print as one line of JSON what failed\n"
                     "  start UUID  boot a domain that is off, and print as one line of JSON what failed\n"
                     "  adopt UUID ORDER ON-SHUTDOWN\n"
                     "              prepare a domain, \"-\" for what stays, and print as one line of JSON\n"
                     "              what changed; with --dry-run what would\n"
                     "  disown UUID take that back\n"
                     "  snapshot    print this host's functions and domains as one line of JSON\n"
                     "  watch       print a snapshot now and whenever it changes\n"
                     "\n"
                     "SIGTERM cancels a job where that is still possible. SIGUSR1 makes it stand still\n"
                     "where the host may go down: then the exit status is 75, and 'recover' goes on.\n"
                     "\n"
                     "Started by vgpu-hibernated(8).\n",
                     out);
        return status;
}

static int run_job_verb(const Config *config, const char *state_dir, const char *id_text, bool recover)
{
        uint64_t id;
        int n = 0;

        if (!id_text || sscanf(id_text, "%" SCNu64 "%n", &id, &n) != 1 || id_text[n] != '\0')
                return usage(stderr, WORKER_EXIT_USAGE);

        return job_run(config, state_dir, id, recover, &signals);
}

static int run_explain_verb(const Config *config, const char *state_dir, char *const *words)
{
        const char *uuid = words[1];
        JobKind kind = _JOB_KIND_INVALID;
        Strategy strategy = _STRATEGY_INVALID;

        if (uuid && words[2] && words[3] && !words[4]) {
                kind = job_kind_from_string(words[2]);
                strategy = strategy_from_string(words[3]);
        }
        if ((int) kind < 0 || kind >= _JOB_KIND_DOMAIN_MAX || (int) strategy < 0)
                return usage(stderr, WORKER_EXIT_USAGE);

        return explain_print(config, state_dir, uuid, kind, strategy) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_probe_verb(const Config *config, char *const *words)
{
        PciAddress a;

        if (!words[1] || words[2] || pci_address_parse(words[1], &a) < 0)
                return usage(stderr, WORKER_EXIT_USAGE);

        return probe_print(config, &a) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_plan_verb(const Config *config, char *const *words)
{
        int r = make_plan_print(config, words + 1);

        if (r == -EINVAL)
                return usage(stderr, WORKER_EXIT_USAGE);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool parse_order(const char *word, AdoptionRequest *request)
{
        int n = 0;

        request->has_order = !streq(word, "-");
        return !request->has_order ||
               (word[0] != '-' && sscanf(word, "%" SCNu32 "%n", &request->order, &n) == 1 &&
                word[n] == '\0' && request->order <= ADOPTION_ORDER_MAX);
}

static bool parse_on_shutdown(const char *word, AdoptionRequest *request)
{
        request->has_on_shutdown = !streq(word, "-");
        if (request->has_on_shutdown)
                request->on_shutdown = on_shutdown_from_string(word);
        return !request->has_on_shutdown || (int) request->on_shutdown >= 0;
}

static int run_adopt_verb(const Config *config, char *const *words, bool dry_run)
{
        AdoptionRequest request = { .dry_run = dry_run, .disown = streq(words[0], "disown") };
        bool good = words[1];

        if (good && request.disown)
                good = !words[2];
        else if (good)
                good = words[2] && words[3] && !words[4] && parse_order(words[2], &request) &&
                       parse_on_shutdown(words[3], &request);
        if (!good)
                return usage(stderr, WORKER_EXIT_USAGE);

        return adopt_print(config, words[1], &request) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_verb(const Config *config, const char *state_dir, char *const *words, bool dry_run)
{
        if (streq_ptr(words[0], "run"))
                return run_job_verb(config, state_dir, words[1], false);
        if (streq_ptr(words[0], "recover"))
                return run_job_verb(config, state_dir, words[1], true);
        if (streq_ptr(words[0], "explain"))
                return run_explain_verb(config, state_dir, words);
        if (streq_ptr(words[0], "plan"))
                return run_plan_verb(config, words);
        if (streq_ptr(words[0], "probe"))
                return run_probe_verb(config, words);
        if (streq_ptr(words[0], "start") && words[1] && !words[2])
                return start_print(config, state_dir, words[1]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (streq_ptr(words[0], "adopt") || streq_ptr(words[0], "disown"))
                return run_adopt_verb(config, words, dry_run);
        if (streq_ptr(words[0], "snapshot"))
                return snapshot_print(config) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (streq_ptr(words[0], "watch"))
                return snapshot_watch(config) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        return usage(stderr, WORKER_EXIT_USAGE);
}

/* A job whose worker died is brought on with or without them: a guest's memory may be at stake, and all that is to be
 * asked of it was asked before. Only what it leaves behind has to wait for them. */
static int load_families(const char *const *dirs, const char *verb, Config *config)
{
        _cleanup_(failure_done) Failure why = { 0 };

        if (families_load(dirs, &config->families, &why) >= 0)
                return 0;

        if (streq(verb, "recover")) {
                log_warning("%s, ignoring", failure_message(&why));
                config->families_unread = true;
                return 0;
        }

        log_error("%s", failure_message(&why));
        return -EREMOTEIO;
}

int main(int argc, char *argv[])
{
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' },
                { "state-dir", required_argument, NULL, 's' },
                { "families-dir", required_argument, NULL, 'f' },
                { "dry-run", no_argument, NULL, 'n' },
                { "help", no_argument, NULL, 'h' },
                { 0 },
        };
        const char *config_path = CONFIG_PATH, *state_dir = STATE_DIR,
                   *families_dirs[FAMILIES_DIRS_MAX] = { FAMILIES_ADMIN_DIR, FAMILIES_DIR };
        size_t n_families_dirs = 0;
        bool dry_run = false;
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        int c, r;

        log_open();

        while ((c = getopt_long(argc, argv, "+h", options, NULL)) >= 0)
                switch (c) {
                case 'c':
                        config_path = optarg;
                        break;
                case 's':
                        state_dir = optarg;
                        break;
                case 'f':
                        if (n_families_dirs >= FAMILIES_DIRS_MAX - 1)
                                return usage(stderr, WORKER_EXIT_USAGE);
                        families_dirs[n_families_dirs++] = optarg;
                        families_dirs[n_families_dirs] = NULL;
                        break;
                case 'n':
                        dry_run = true;
                        break;
                case 'h':
                        return usage(stdout, EXIT_SUCCESS);
                default:
                        return usage(stderr, WORKER_EXIT_USAGE);
                }

        if (optind >= argc)
                return usage(stderr, WORKER_EXIT_USAGE);

        r = install_signal_handler();
        if (r < 0) {
                (void) log_error_errno(r, "Cannot handle signals: %m");
                return EXIT_FAILURE;
        }

        if (config_load(config_path, &config, &why) < 0) {
                log_error("%s", failure_message(&why));
                return EXIT_FAILURE;
        }

        if (load_families(families_dirs, argv[optind], config) < 0)
                return EXIT_FAILURE;

        return run_verb(config, state_dir, argv + optind, dry_run);
}
