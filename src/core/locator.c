/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/locator.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/function.h"

/* "3" of ".../00.3": a card in another slot still has its functions in the same order. */
static const char *function_number(const Locator *l)
{
        const char *dot = strrchr(l->slot, '.');

        return dot ? dot + 1 : "";
}

bool locator_equal(const Locator *a, const Locator *b)
{
        if (!locator_is_known(a) || !locator_is_known(b) || a->index != b->index)
                return false;

        if (a->serial != 0 && b->serial != 0)
                return a->serial == b->serial && streq(function_number(a), function_number(b));

        return streq(a->slot, b->slot);
}

bool locator_is_sibling(const Locator *a, const Locator *b)
{
        Locator first = *a;

        first.index = b->index;
        return locator_equal(&first, b);
}

bool function_ref_equal(const FunctionRef *a, const FunctionRef *b)
{
        if (locator_is_known(&a->locator) && locator_is_known(&b->locator))
                return locator_equal(&a->locator, &b->locator);

        return pci_address_equal(&a->address, &b->address);
}

FunctionRef function_ref(const Function *f)
{
        return (FunctionRef) { .address = f->address, .locator = f->locator };
}

bool function_ref_is(const FunctionRef *r, const Function *f)
{
        return locator_is_known(&r->locator) ? locator_equal(&r->locator, &f->locator)
                                             : pci_address_equal(&r->address, &f->address);
}

const Function *function_ref_find(const FunctionRef *r, const Function *functions, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (function_ref_is(r, functions + i))
                        return functions + i;

        return NULL;
}

bool function_ref_learn(FunctionRef *r, const Function *functions, size_t n)
{
        const Function *f = locator_is_known(&r->locator) ? NULL : function_ref_find(r, functions, n);

        if (!f || !locator_is_known(&f->locator))
                return false;

        r->locator = f->locator;
        return true;
}

static int compare_serials(const void *a, const void *b)
{
        const Locator *x = &(*(Function *const *) a)->locator, *y = &(*(Function *const *) b)->locator;

        if (x->serial != y->serial)
                return x->serial < y->serial ? -1 : 1;
        return strcmp(function_number(x), function_number(y));
}

int locators_settle(Function *functions, size_t n)
{
        _cleanup_free_ Function **list = calloc(n + 1, sizeof(Function *));
        size_t next;

        if (!list)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                list[i] = functions + i;
        qsort(list, n, sizeof(Function *), compare_serials);

        for (size_t i = 0; i < n; i = next) {
                bool shared = false;

                for (next = i; next < n && compare_serials(list + i, list + next) == 0; next++)
                        shared = shared || !streq(list[i]->locator.slot, list[next]->locator.slot);
                for (size_t k = i; shared && k < next; k++)
                        list[k]->locator.serial = 0;
        }

        return 0;
}

/* "pci0000:00" and nothing behind it. */
static bool is_root(const char *s, size_t size)
{
        const char *hex = "0123456789abcdef";
        size_t digits;

        if (size < strlen("pci0000:00") || strncmp(s, "pci", 3) != 0)
                return false;

        digits = strspn(s + 3, hex);
        return digits >= 4 && digits <= 8 && size == 3 + digits + 3 && s[3 + digits] == ':' &&
               strspn(s + 3 + digits + 1, hex) >= 2;
}

/* Where the "10.0" of "0000:00:10.0" begins; NULL: it is not the name of a device. */
static const char *device_number(const char *s, size_t size)
{
        char text[PCI_ADDRESS_STRING_MAX];
        PciAddress a;

        if (size < strlen("0000:00:00.0") || size >= sizeof(text))
                return NULL;

        memcpy(text, s, size);
        text[size] = '\0';
        return pci_address_parse(text, &a) < 0 ? NULL : s + size - strlen("00.0");
}

static int append(char slot[static LOCATOR_SLOT_MAX], const char *s, size_t size)
{
        size_t n = strlen(slot);

        if (n + 1 + size >= LOCATOR_SLOT_MAX)
                return -ENAMETOOLONG;

        if (n > 0)
                slot[n++] = '/';
        memcpy(slot + n, s, size);
        slot[n + size] = '\0';
        return 0;
}

int locator_slot_from_path(const char *path, char ret[static LOCATOR_SLOT_MAX])
{
        char slot[LOCATOR_SLOT_MAX] = "";
        bool device = false;

        for (const char *s = path; *s != '\0';) {
                size_t size = strcspn(s, "/");
                const char *number = device_number(s, size);
                int r = 0;

                if (is_root(s, size))
                        r = slot[0] ? append(slot, "pci", strlen("pci")) : append(slot, s, size);
                else if (slot[0] && number)
                        r = append(slot, number, strlen("00.0"));
                else if (slot[0])
                        return -EINVAL;
                if (r < 0)
                        return r;

                device = number != NULL;
                s += size + (s[size] == '/');
        }

        if (!slot[0] || !device)
                return -EINVAL;

        memcpy(ret, slot, LOCATOR_SLOT_MAX);
        return 0;
}

bool locator_slot_is_valid(const char *slot)
{
        size_t n = strlen(slot);

        return n > 0 && n < LOCATOR_SLOT_MAX && slot[strspn(slot, "0123456789abcdef:./pci")] == '\0';
}

#define EXTENDED_CONFIG 0x100U
#define CAPABILITY_SERIAL 3U
#define CAPABILITIES_MAX ((0x1000U - EXTENDED_CONFIG) / 8) /* none is smaller: a chain with more is a ring */

uint64_t locator_serial(LocatorConfigRead read, void *userdata)
{
        uint32_t at = EXTENDED_CONFIG, header, low, high;

        for (size_t i = 0; i < CAPABILITIES_MAX && at >= EXTENDED_CONFIG; i++) {
                if (read(at, &header, userdata) < 0)
                        return 0;

                if ((header & 0xffffU) != CAPABILITY_SERIAL) {
                        at = header >> 20 & ~3U;
                        continue;
                }

                if (read(at + 4, &low, userdata) < 0 || read(at + 8, &high, userdata) < 0 ||
                    (low == UINT32_MAX && high == UINT32_MAX))
                        return 0;
                return low | (uint64_t) high << 32;
        }

        return 0;
}

char *locator_serial_format(uint64_t serial, char buf[static LOCATOR_SERIAL_STRING_MAX])
{
        (void) snprintf(buf, LOCATOR_SERIAL_STRING_MAX, "%016" PRIx64, serial);
        return buf;
}

int locator_serial_parse(const char *s, uint64_t *ret)
{
        if (strlen(s) != LOCATOR_SERIAL_STRING_MAX - 1 || s[strspn(s, "0123456789abcdef")] != '\0' ||
            sscanf(s, "%" SCNx64, ret) != 1)
                return -EINVAL;

        return 0;
}

static uint32_t routing_id(const PciAddress *a)
{
        return (uint32_t) a->bus << 8 | (uint32_t) a->slot << 3 | a->function;
}

int locator_index(const PciAddress *physical_function, uint32_t offset, uint32_t stride, const PciAddress *a,
                  uint32_t *ret)
{
        uint32_t first = routing_id(physical_function) + offset, id = routing_id(a);

        if (physical_function->domain != a->domain || id < first)
                return -ERANGE;

        /* Of a single function the stride means nothing. */
        if (id != first && (stride == 0 || (id - first) % stride != 0))
                return -ERANGE;

        *ret = id == first ? 0 : (id - first) / stride;
        return 0;
}
