/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "basic/base64.h"

#include "test.h"

static void test_decoded(void)
{
        /* RFC 4648 section 10, and bytes that are no text. */
        static const struct {
                const char *text, *bytes;
                size_t size;
        } good[] = {
                { "", "", 0 },
                { "Zg==", "f", 1 },
                { "Zm8=", "fo", 2 },
                { "Zm9v", "foo", 3 },
                { "Zm9vYg==", "foob", 4 },
                { "Zm9vYmE=", "fooba", 5 },
                { "Zm9vYmFy", "foobar", 6 },
                { "AAAA", "\0\0\0", 3 },
                { "/+8=", "\xff\xef", 2 },
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_free_ char *bytes = NULL;
                size_t size;

                CHECK(base64_decode(good[i].text, strlen(good[i].text), &bytes, &size) >= 0);
                CHECK(size == good[i].size && memcmp(bytes, good[i].bytes, size) == 0);
                CHECK(bytes[size] == '\0');
        }
}

static void test_refused(void)
{
        static const char *const bad[] = { "Z",    "Zg",   "Zg=",  "=",        "====", "Z===",  "Zh==",
                                           "Zm9=", "Zg=a", "Zm 9", "Zg==Zg==", "Zm9-", "Zm9v\n" };
        size_t size = 42;
        char *bytes = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(base64_decode(bad[i], strlen(bad[i]), &bytes, &size) == -EBADMSG);
        CHECK(!bytes && size == 42);
}

int main(void)
{
        test_decoded();
        test_refused();
        return EXIT_SUCCESS;
}
