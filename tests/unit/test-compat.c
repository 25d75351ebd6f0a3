/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: test-compat FAMILIES_DIR
 *
 * Pairs of functions, and what must come of "may the second take over from the first", by the families that are shipped. A
 * function is written as words: the part, the card and the function on it ("c1.0"), and what is special: attributes
 * as name=value, changes of its config space as below in apply().
 */
#include "core/compat.h"
#include "store/families.h"
#include "test.h"

#include <assert.h>
#include <stdio.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define VRAM(bytes_)                                                   \
        {                                                              \
                .bytes = (bytes_), .mem64 = true, .prefetchable = true \
        }

/* Ids of virtual functions; BARs as their drivers use them: memory of the card, doorbells, registers. */
static const struct {
        const char *name;
        FunctionIdentity identity;
        const char *attributes; /* NULL: none is told */
} parts[] = {
        { "mi300x",
          { .vendor = 0x1002,
            .device = 0x74b5,
            .subvendor = 0x1002,
            .subdevice = 0x74a1,
            .class_code = 0x120000,
            .bars = { VRAM(256 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 4 },
          "partition=SPX memory_partition=NPS1 functions_per_card=1 framebuffer_mib=196592" },
        { "mi300x-hf",
          { .vendor = 0x1002,
            .device = 0x74bd,
            .subvendor = 0x1002,
            .subdevice = 0x74a9,
            .class_code = 0x120000,
            .bars = { VRAM(256 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 4 },
          "partition=SPX memory_partition=NPS1 functions_per_card=1 framebuffer_mib=196592" },
        { "mi308x",
          { .vendor = 0x1002,
            .device = 0x74b6,
            .subvendor = 0x1002,
            .subdevice = 0x74a2,
            .class_code = 0x120000,
            .bars = { VRAM(256 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 4 },
          "partition=SPX memory_partition=NPS1 functions_per_card=1 framebuffer_mib=196592" },
        { "mi308x-cpx",
          { .vendor = 0x1002,
            .device = 0x74b6,
            .subvendor = 0x1002,
            .subdevice = 0x74a2,
            .class_code = 0x120000,
            .bars = { VRAM(16 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 64 },
          "partition=CPX memory_partition=NPS1 functions_per_card=8 framebuffer_mib=24536" },
        { "mi308x-74bc",
          { .vendor = 0x1002,
            .device = 0x74bc,
            .subvendor = 0x1002,
            .subdevice = 0x74a8,
            .class_code = 0x120000,
            .bars = { VRAM(256 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 4 },
          "partition=SPX memory_partition=NPS1 functions_per_card=1 framebuffer_mib=196592" },
        { "mi325x",
          { .vendor = 0x1002,
            .device = 0x74b9,
            .subvendor = 0x1002,
            .subdevice = 0x74a5,
            .class_code = 0x120000,
            .bars = { VRAM(256 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 4 },
          "partition=SPX memory_partition=NPS1 functions_per_card=1 framebuffer_mib=262128" },
        { "mi350x",
          { .vendor = 0x1002,
            .device = 0x75b0,
            .subvendor = 0x1002,
            .subdevice = 0x75a0,
            .class_code = 0x120000,
            .bars = { VRAM(512 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 4 },
          "partition=SPX memory_partition=NPS1 functions_per_card=1 framebuffer_mib=294896" },
        { "mi355x",
          { .vendor = 0x1002,
            .device = 0x75b3,
            .subvendor = 0x1002,
            .subdevice = 0x75a3,
            .class_code = 0x120000,
            .bars = { VRAM(512 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 4 },
          "partition=SPX memory_partition=NPS1 functions_per_card=1 framebuffer_mib=294896" },
        { "mi210",
          { .vendor = 0x1002,
            .device = 0x7410,
            .subvendor = 0x1002,
            .subdevice = 0x740f,
            .class_code = 0x120000,
            .bars = { VRAM(64 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } },
            .msix = 4 },
          "functions_per_card=1 framebuffer_mib=65520" },
        { "mi100",
          { .vendor = 0x1002,
            .device = 0x7390,
            .subvendor = 0x1002,
            .subdevice = 0x738c,
            .class_code = 0x120000,
            .bars = { VRAM(32 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } } },
          NULL },
        { "mi25",
          { .vendor = 0x1002,
            .device = 0x686c,
            .subvendor = 0x1002,
            .subdevice = 0x6860,
            .class_code = 0x038000,
            .bars = { VRAM(16 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } } },
          NULL },
        { "s7150",
          { .vendor = 0x1002,
            .device = 0x692f,
            .subvendor = 0x1002,
            .subdevice = 0x6929,
            .class_code = 0x030000,
            .bars = { VRAM(8 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 256 * KIB } } },
          NULL },
        { "v710",
          { .vendor = 0x1002,
            .device = 0x7461,
            .subvendor = 0x1002,
            .subdevice = 0x7460,
            .class_code = 0x030000,
            .bars = { VRAM(8 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 1 * MIB } },
            .msix = 4 },
          "functions_per_card=4 framebuffer_mib=6896" },
        { "v620",
          { .vendor = 0x1002,
            .device = 0x73ae,
            .subvendor = 0x1002,
            .subdevice = 0x73a1,
            .class_code = 0x030000,
            .bars = { VRAM(16 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 1 * MIB } },
            .msix = 4 },
          "functions_per_card=2" },
        { "v520",
          { .vendor = 0x1002,
            .device = 0x7362,
            .subvendor = 0x1002,
            .subdevice = 0x7360,
            .class_code = 0x030000,
            .bars = { VRAM(8 * GIB), { 0 }, VRAM(2 * MIB), { 0 }, { 0 }, { .bytes = 512 * KIB } } },
          NULL },
        { "igbvf",
          { .vendor = 0x8086,
            .device = 0x10ca,
            .subvendor = 0x8086,
            .subdevice = 0x0000,
            .class_code = 0x020000,
            .revision = 1,
            .bars = { { .bytes = 16 * KIB, .mem64 = true },
                      { 0 },
                      { 0 },
                      { .bytes = 16 * KIB, .mem64 = true } },
            .msix = 3 },
          NULL },
        { "a40",
          { .vendor = 0x10de,
            .device = 0x2235,
            .subvendor = 0x10de,
            .subdevice = 0x145a,
            .class_code = 0x030200,
            .bars = { { .bytes = 256 * KIB }, VRAM(2 * GIB), { 0 }, VRAM(32 * MIB) } },
          "vgpu_type=558" },
        { "b60",
          { .vendor = 0x8086,
            .device = 0xe211,
            .subvendor = 0x8086,
            .subdevice = 0x1114,
            .class_code = 0x030000,
            .bars = { { .bytes = 16 * MIB, .mem64 = true }, { 0 }, VRAM(2 * GIB) } },
          NULL },
        { "stranger", { .vendor = 0x1af4, .device = 0x1041, .class_code = 0x020000 }, NULL },
        { "untold", { 0 }, NULL },
};

typedef struct Pair {
        const char *from, *to;
        GuestFixups fixups;
        const char *codes; /* of what blocks, in order; "": it fits */
} Pair;

#define YES FIXUPS_YES
#define NO FIXUPS_NO
#define UNKNOWN FIXUPS_UNKNOWN

static const Pair pairs[] = {
        /* MI308X with the fix-ups goes anywhere, as long as the card is cut the same way. */
        { "mi308x c1.0", "mi308x c1.0", YES, "" },
        { "mi308x c1.0", "mi308x c2.0", YES, "" },
        { "mi308x c1.0 physical_node=0", "mi308x c2.0 physical_node=5", YES, "" },
        { "mi308x c1.0 hive=0x1", "mi308x c2.0 hive=0x2", YES, "" },
        { "mi308x-cpx c1.0", "mi308x-cpx c1.1", YES, "" },
        { "mi308x-cpx c1.0", "mi308x-cpx c2.7", YES, "" },
        { "mi308x-74bc c1.0", "mi308x-74bc c2.0", YES, "" },
        { "mi308x c1.0", "mi308x-74bc c2.0", YES, "device subsystem" },
        { "mi308x c1.0", "mi308x c2.0 partition=DPX", YES, "attribute" },
        { "mi308x c1.0", "mi308x c2.0 memory_partition=NPS2", YES, "attribute" },
        { "mi308x c1.0", "mi308x c2.0 functions_per_card=2", YES, "attribute" },
        { "mi308x c1.0", "mi308x c2.0 framebuffer_mib=98288", YES, "attribute" },
        { "mi308x c1.0", "mi308x-cpx c2.0", YES, "bar-size msix-size attribute attribute attribute" },
        { "mi308x c1.0", "mi308x c2.0 partition=", YES, "attribute-unknown" },
        { "mi308x c1.0 partition=", "mi308x c2.0", YES, "attribute-unknown" },
        { "mi308x c1.0 partition=", "mi308x c2.0 partition=", YES, "" },
        { "mi308x c1.0 partition=", "mi308x c1.0", YES, "" }, /* what it had, of a record of old */
        { "mi308x c1.0 partition=DPX", "mi308x c1.0", YES,
          "attribute" },                                             /* the card was cut anew meanwhile */
        { "mi308x c1.0 serial=1", "mi308x c2.0 serial=2", YES, "" }, /* no family says that this matters */

        /* MI308X without them. */
        { "mi308x c1.0", "mi308x c1.0", NO, "" },
        { "mi308x c1.0", "mi308x c1.0", UNKNOWN, "" },
        { "mi308x-cpx c1.0", "mi308x-cpx c1.1", NO, "" },
        { "mi308x-cpx c1.0", "mi308x-cpx c1.1", UNKNOWN, "" },
        { "mi308x c1.0", "mi308x c2.0", NO, "guest-fixups" },
        { "mi308x c1.0", "mi308x c2.0", UNKNOWN, "guest-fixups-unknown" },
        { "mi308x c1.0 physical_node=3", "mi308x c2.0 physical_node=3", NO, "" },
        { "mi308x c1.0 physical_node=3", "mi308x c2.0 physical_node=4", UNKNOWN, "guest-fixups-unknown" },
        { "mi308x c1.0 physical_node=3", "mi308x c1.0 physical_node=4", NO,
          "guest-fixups" }, /* another card there */
        { "mi308x-74bc c1.0", "mi308x-74bc c2.0", NO, "guest-fixups" },

        /* The parts that stay on their node, whatever the guest has. */
        { "mi300x c1.0", "mi300x c1.0", YES, "" },
        { "mi300x c1.0", "mi300x c2.0", YES, "physical-node" },
        { "mi300x c1.0", "mi300x c2.0", UNKNOWN, "physical-node" },
        { "mi300x c1.0 physical_node=1", "mi300x c2.0 physical_node=1", UNKNOWN, "" },
        { "mi300x c1.0 physical_node=1", "mi300x c2.0 physical_node=2", UNKNOWN, "physical-node" },
        { "mi300x c1.0 physical_node=1", "mi300x c2.0", UNKNOWN, "physical-node" },
        { "mi300x c1.0", "mi300x-hf c1.0", UNKNOWN, "device subsystem" },
        { "mi300x c1.0", "mi308x c1.0", YES, "device subsystem" },
        { "mi325x c1.0", "mi325x c1.0", UNKNOWN, "" },
        { "mi325x c1.0", "mi325x c2.0", YES, "physical-node" },
        { "mi325x c1.0", "mi300x c1.0", YES, "device subsystem attribute" },
        { "mi350x c1.0", "mi350x c2.0", YES, "physical-node" },
        { "mi350x c1.0", "mi350x c2.0 partition=CPX", YES, "attribute physical-node" },
        { "mi350x c1.0", "mi355x c1.0", YES, "device subsystem" },
        { "mi355x c1.0 physical_node=7", "mi355x c2.0 physical_node=7", YES, "" },
        { "mi210 c1.0", "mi210 c1.0", UNKNOWN, "" },
        { "mi210 c1.0", "mi210 c2.0", UNKNOWN, "physical-node" },
        { "mi100 c1.0", "mi100 c2.0", UNKNOWN, "physical-node" },
        { "mi25 c1.0", "mi25 c1.1", UNKNOWN, "same-function" },
        { "mi25 c1.0", "mi25 c2.1", UNKNOWN, "same-function" },
        { "s7150 c1.0", "s7150 c1.3", UNKNOWN, "same-function" },
        { "s7150 c1.0", "s7150 c2.0", UNKNOWN, "same-function" },
        { "v710 c1.0", "v710 c1.1", UNKNOWN, "same-function" },
        { "v710 c1.0", "v710 c2.0", YES, "same-function" },
        { "v710 c1.0", "v710 c1.1 framebuffer_mib=13792", YES, "attribute same-function" },
        { "v620 c1.0", "v620 c1.1", UNKNOWN, "same-function" },
        { "v620 c1.0", "v620 c2.1 functions_per_card=4", UNKNOWN, "attribute same-function" },
        { "v520 c1.0", "v520 c2.0", UNKNOWN, "same-function" },
        { "v520 c1.0", "v620 c1.1", UNKNOWN,
          "device subsystem bar-size bar-size attribute-unknown same-function" },

        /* Devices that are no GPU, or not known. */
        { "igbvf c1.0", "igbvf c2.0", UNKNOWN, "" },
        { "igbvf c1.0", "igbvf c2.0", NO, "" },
        { "igbvf c1.0", "mi210 c1.1", NO,
          "vendor device subsystem subsystem revision class bar-size bar-prefetch bar-size bar-size "
          "bar-size msix-size attribute-unknown attribute-unknown" },
        { "a40 c1.0", "a40 c2.3", UNKNOWN, "" }, /* its state goes with it */
        { "a40 c1.0", "a40 c2.3 vgpu_type=559", UNKNOWN, "attribute" },
        { "b60 c1.0", "b60 c2.1", UNKNOWN, "" },
        { "b60 c1.0", "b60 c2.1 bar2=4G", UNKNOWN, "bar-size" },
        { "stranger c1.0", "stranger c1.0", YES, "" },
        { "stranger c1.0", "stranger c1.1", YES, "same-function" },
        { "stranger c1.0", "stranger c2.0", YES, "same-function" },

        /* What config space tells, one by one. */
        { "mi308x c1.0", "mi308x c2.0 vendor=1022", YES, "vendor same-function" },
        { "mi308x c1.0", "mi308x c2.0 subvendor=1028", YES, "subsystem" },
        { "mi308x c1.0", "mi308x c2.0 subdevice=74a8", YES, "subsystem" },
        { "mi308x c1.0", "mi308x c2.0 revision=02", YES, "revision" },
        { "mi308x c1.0", "mi308x c2.0 class=038000", YES, "class" },
        { "mi308x c1.0", "mi308x c2.0 bar0=8G", YES, "bar-size" },
        { "mi308x c1.0", "mi308x c2.0 bar0=0", YES, "bar-size" },
        { "mi308x c1.0", "mi308x c2.0 bar4=256", YES, "bar-size" },
        { "mi308x c1.0", "mi308x c2.0 bar2=mem32", YES, "bar-kind" },
        { "mi308x c1.0", "mi308x c2.0 bar5=io", YES, "bar-kind" },
        { "mi308x c1.0", "mi308x c2.0 bar2=prefetch", YES, "bar-prefetch" },
        { "mi308x c1.0", "mi308x c2.0 rom=128K", YES, "rom-size" },
        { "mi308x c1.0 rom=128K", "mi308x c2.0", YES, "rom-size" },
        { "mi308x c1.0", "mi308x c2.0 msix=8", YES, "msix-size" },
        { "mi308x c1.0", "mi308x c2.0 msix=none", YES, "msix-size" },
        { "mi308x c1.0 msix=untold", "mi308x c2.0", YES, "" }, /* a record of old */

        /* What no family can allow. */
        { "mi308x c1.0", "mi308x c2.0 pf", YES, "physical-function" },
        { "mi308x c1.0", "mi308x c1.0 pf", YES, "physical-function" },
        { "mi308x c1.0 pf", "mi308x c2.0", YES, "physical-function" },
        { "igbvf c1.0", "igbvf c2.0 dead", UNKNOWN, "physical-function-dead" },
        { "igbvf c1.0", "igbvf c1.0 dead", UNKNOWN, "physical-function-dead" },
        { "igbvf c1.0 dead", "igbvf c2.0", UNKNOWN, "" }, /* off that card */
        { "igbvf c1.0", "igbvf c2.0 grouped", UNKNOWN, "iommu-group" },
        { "mi308x c1.0", "mi300x c2.0 pf dead grouped", NO,
          "physical-function physical-function-dead iommu-group device subsystem physical-node" },

        /* Functions of which only a kind is told. */
        { "igbvf c1.0 kind=nic", "igbvf c2.0 kind=nic", UNKNOWN, "" },
        { "igbvf c1.0 kind=nic", "igbvf c2.0 kind=other", UNKNOWN, "kind" },
        { "igbvf c1.0", "untold c2.0", UNKNOWN, "identity-unknown same-function" },
        { "untold c1.0 kind=a", "untold c1.0 kind=a", UNKNOWN, "" },
        { "untold c1.0 kind=a", "untold c1.0 kind=b", UNKNOWN, "kind identity-unknown" },
};
static_assert(ELEMENTSOF(pairs) >= 60, "too few");

static uint64_t number(const char *text, int base)
{
        char *end;
        uint64_t n = strtoull(text, &end, base);

        return n * (*end == 'G' ? GIB : *end == 'K' ? KIB : 1);
}

static void apply_bar(FunctionBar *bar, const char *value)
{
        if (streq(value, "io"))
                *bar = (FunctionBar) { .bytes = bar->bytes, .io = true };
        else if (streq(value, "mem32"))
                bar->mem64 = false;
        else if (streq(value, "prefetch"))
                bar->prefetchable = !bar->prefetchable;
        else
                bar->bytes = number(value, 10);
}

/* An attribute without a value is one that is not told. */
static void apply_attribute(Attributes *a, const char *name, const char *value)
{
        Attributes rest = { 0 };
        const char *n, *v;
        size_t offset = 0;

        if (*value != '\0') {
                CHECK(attributes_set(a, name, value) >= 0);
                return;
        }

        while (attributes_next(a, &offset, &n, &v))
                CHECK(streq(n, name) || attributes_set(&rest, n, v) >= 0);
        *a = rest;
}

static void apply(Function *f, char *word)
{
        FunctionIdentity *id = &f->identity;
        char *value = strchr(word, '=');
        unsigned card, function;

        if (sscanf(word, "c%u.%u", &card, &function) == 2) {
                f->address = (PciAddress) { .bus = (uint8_t) card,
                                            .slot = 2,
                                            .function = (uint8_t) function };
                f->physical_function = (PciAddress) { .bus = (uint8_t) card };
                return;
        }
        if (!value) {
                CHECK(streq(word, "pf") || streq(word, "dead") || streq(word, "grouped"));
                f->is_physical = f->is_physical || streq(word, "pf");
                f->is_dead = f->is_dead || streq(word, "dead");
                if (streq(word, "grouped"))
                        CHECK(free_and_strdup(&f->group_obstacle, "0000:00:1f.0 is bound to 'ahci'") >= 0);
                return;
        }

        *value++ = '\0';
        if (streq(word, "vendor"))
                id->vendor = (uint16_t) number(value, 16);
        else if (streq(word, "subvendor"))
                id->subvendor = (uint16_t) number(value, 16);
        else if (streq(word, "subdevice"))
                id->subdevice = (uint16_t) number(value, 16);
        else if (streq(word, "revision"))
                id->revision = (uint8_t) number(value, 16);
        else if (streq(word, "class"))
                id->class_code = (uint32_t) number(value, 16);
        else if (streq(word, "rom"))
                id->rom_bytes = number(value, 10);
        else if (streq(word, "msix"))
                id->msix = streq(value, "none") ? FUNCTION_MSIX_NONE : (int) strtoul(value, NULL, 10);
        else if (streq(word, "kind"))
                CHECK(free_and_strdup(&f->kind, value) >= 0);
        else if (strncmp(word, "bar", 3) == 0)
                apply_bar(&id->bars[word[3] - '0'], value);
        else
                apply_attribute(&id->attributes, word, value);
}

static void apply_all(Function *f, const char *words)
{
        _cleanup_free_ char *copy = strdup(words);
        char *rest = copy;

        CHECK(copy);
        for (char *word; (word = strsep(&rest, " ")) != NULL;)
                apply(f, word);
}

static Function make(const Families *families, const char *text)
{
        const char *words = strchr(text, ' ');
        Function f = { 0 };

        CHECK(words);
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (strlen(parts[i].name) == (size_t) (words - text) &&
                    strncmp(parts[i].name, text, strlen(parts[i].name)) == 0) {
                        f.identity = parts[i].identity;
                        if (parts[i].attributes)
                                apply_all(&f, parts[i].attributes);
                        apply_all(&f, words + 1);
                        f.family = families_find(families, f.identity.vendor, f.identity.device);
                        return f;
                }

        CHECK(!"a part of that name");
        return f;
}

static char *codes_of(const Findings *l)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        CHECK(f);
        for (size_t i = 0; i < l->n; i++) {
                CHECK(l->list[i].scope == FINDING_FUNCTION);
                if (!l->list[i].blocking)
                        continue;
                CHECK(l->list[i].code == FAILURE_INCOMPATIBLE && l->list[i].remedy);
                (void) fprintf(f, "%s%s", ftell(f) > 0 ? " " : "", FINDING_CODE_STR(&l->list[i]));
        }
        CHECK(fclose(f) == 0);
        return text;
}

static bool check_pair(const Families *families, const Pair *p)
{
        _cleanup_(function_done) Function from = make(families, p->from), to = make(families, p->to);
        const CompatGuest guest = {
                .identity = &from.identity,
                .address = &from.address,
                .had = &from,
                .fixups = p->fixups,
        };
        _cleanup_(findings_done) Findings why = { 0 };
        bool fits = compat_judge(&guest, &to, &why);
        _cleanup_free_ char *codes = codes_of(&why);

        /* Who does not ask why gets the same answer. */
        if (fits == (p->codes[0] == '\0') && streq(codes, p->codes) &&
            compat_judge(&guest, &to, NULL) == fits)
                return true;

        (void) fprintf(stderr, "'%s' to '%s', fix-ups %s: expected '%s', got '%s'\n", p->from, p->to,
                       guest_fixups_to_string(p->fixups), p->codes, codes);
        return false;
}

static void test_pairs(const Families *families)
{
        size_t wrong = 0;

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++)
                wrong += !check_pair(families, pairs + i);
        CHECK(wrong == 0);
}

static void expect_words(const Families *families, const char *from_text, const char *to_text,
                         GuestFixups fixups, const char *words)
{
        _cleanup_(function_done) Function from = make(families, from_text), to = make(families, to_text);
        const CompatGuest guest = {
                .identity = &from.identity, .address = &from.address, .had = &from, .fixups = fixups
        };
        _cleanup_(findings_done) Findings why = { 0 };

        CHECK(!compat_judge(&guest, &to, &why) && why.n == 1);
        if (strstr(why.list[0].message, words) && strstr(why.list[0].message, "0000:01:02.0") &&
            strstr(why.list[0].message, PCI_ADDRESS_STR(&to.address)))
                return;

        (void) fprintf(stderr, "expected '%s' in: %s\n", words, why.list[0].message);
        abort();
}

/* Both values, theirs and ours. */
static void test_words(const Families *l)
{
        expect_words(l, "mi308x c1.0", "mi308x c2.0 bar0=8G", YES,
                     "its BAR 0 is 8 GiB, the guest knows 256 GiB");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 bar0=1000", YES, "its BAR 0 is 1000 bytes, the");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 bar0=0", YES,
                     "its BAR 0 is not there, the guest knows 256 GiB");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 bar4=256", YES,
                     "is 256 bytes, the guest knows that it is not there");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 bar5=io", YES, "its BAR 5 is io, the guest knows mem32");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 bar2=prefetch", YES,
                     "BAR 2 is not prefetchable, the guest knows that it is so");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 msix=none", YES,
                     "MSI-X table has 0 entries, the guest knows 4");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 class=038000", YES,
                     "its class is 038000, the guest knows 120000");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 partition=CPX", YES,
                     "its partition is 'CPX', the guest knows 'SPX'");
        expect_words(l, "mi308x c1.0", "mi308x c2.0 partition=", YES,
                     "its partition is not known, the guest knows 'SPX'");
        expect_words(l, "mi308x c1.0", "mi308x c2.0", UNKNOWN,
                     "the fix-ups for family amd-mi308x is not known, which counts as no");
        expect_words(l, "mi308x c1.0", "mi308x c2.0", NO, "lacks the fix-ups for family amd-mi308x");
        expect_words(l, "mi300x c1.0", "mi300x c2.0", YES,
                     "a guest with a device of family amd-mi300x goes on only with a function of the same physical function");
        expect_words(l, "mi300x c1.0 physical_node=1", "mi300x c2.0 physical_node=2", YES,
                     "of the same physical node");
        expect_words(l, "stranger c1.0", "stranger c2.0", YES, "1af4:1041 is of no known family");
        expect_words(l, "igbvf c1.0", "igbvf c2.0 grouped", YES, "0000:00:1f.0 is bound to 'ahci'");
        expect_words(l, "igbvf c1.0", "igbvf c2.0 dead", YES,
                     "its physical function 0000:02:00.0 does not answer");
}

/* The function that it had is not on this host any more, or it has had none yet. */
static void test_without_a_function(const Families *families)
{
        _cleanup_(function_done) Function from = make(families, "mi300x c1.0"),
                                          again = make(families, "mi300x c1.0"),
                                          other = make(families, "mi300x c1.1");
        CompatGuest guest = { .identity = &from.identity, .address = &from.address };
        _cleanup_(findings_done) Findings why = { 0 };

        CHECK(!compat_judge(&guest, &again, NULL)); /* another one is at its address now */
        CHECK(!compat_judge(&guest, &other, &why) &&
              strstr(why.list[0].message, "not on this host any more"));

        /* Where it was is on record: of that card, in whatever slot it is now, another one does. */
        from.locator = (Locator) { .slot = "pci0000:00/10.0/00.0", .serial = 7, .index = 0 };
        guest.locator = &from.locator;
        CHECK(!compat_judge(&guest, &other, NULL));
        other.locator = (Locator) { .slot = "pci0000:00/11.0/00.0", .serial = 7, .index = 3 };
        CHECK(compat_judge(&guest, &other, NULL));
        other.locator.serial = 8;
        CHECK(!compat_judge(&guest, &other, NULL));
        other.locator = (Locator) { .slot = "pci0000:00/10.0/00.0", .index = 3 };
        CHECK(compat_judge(&guest, &other, NULL));
        guest.locator = NULL;

        apply_all(&from, "physical_node=2");
        apply_all(&other, "physical_node=2");
        CHECK(compat_judge(&guest, &other, NULL)); /* what a record tells is enough */

        apply_all(&other, "physical_node=3");
        guest.address = NULL;
        CHECK(compat_judge(&guest, &other, NULL));
}

/* What a family says of targets is of a driver that goes on. */
static void test_anew(const Families *families)
{
        _cleanup_(function_done) Function from = make(families, "mi300x c1.0"),
                                          other = make(families, "mi300x c2.0"),
                                          foreign = make(families, "mi210 c2.0");
        CompatGuest guest = { .identity = &from.identity, .address = &from.address, .had = &from };

        CHECK(!compat_judge(&guest, &other, NULL));
        guest.anew = true;
        CHECK(compat_judge(&guest, &other, NULL));
        CHECK(!compat_judge(&guest, &foreign, NULL));
}

static void test_never(void)
{
        Family never = { .name = (char[]) { "x" }, .targets = TARGETS_NEVER };
        Function f = { .identity = { .vendor = 1 }, .family = &never };
        const CompatGuest guest = { .identity = &f.identity, .address = &f.address, .had = &f };
        _cleanup_(findings_done) Findings why = { 0 }, hibernation = { 0 };

        CHECK(!compat_judge(&guest, &f, &why) && streq(FINDING_CODE_STR(&why.list[0]), "never"));
        CHECK(!family_judge_hibernation(&f, &hibernation));
        CHECK(streq(FINDING_CODE_STR(&hibernation.list[0]), "never"));
}

static void test_alike(const Families *families)
{
        _cleanup_(function_done) Function a = make(families, "mi308x c1.0"),
                                          b = make(families, "mi308x c2.0 dead"),
                                          c = make(families, "mi308x c2.0 partition=CPX"),
                                          d = make(families, "mi308x c2.0 bar0=8G");

        CHECK(compat_is_alike(&a, &b) && !compat_is_alike(&a, &c) && !compat_is_alike(&a, &d));
}

int main(int argc, char *argv[])
{
        Families families = { 0 };

        CHECK(argc == 2);
        CHECK(families_load((const char *const[]) { argv[1], NULL }, &families, NULL) >= 0);

        test_pairs(&families);
        test_words(&families);
        test_without_a_function(&families);
        test_anew(&families);
        test_never();
        test_alike(&families);
        families_done(&families);
        return EXIT_SUCCESS;
}
