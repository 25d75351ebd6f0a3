/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/text.h"

#include <assert.h>
#include <locale.h>
#include <stdio.h>

static void check(char *got, const char *expected)
{
        assert(got);
        if (!streq(got, expected))
                (void) fprintf(stderr, "'%s' instead of '%s'\n", got, expected);
        assert(streq(got, expected));
}

static void check_owned(char *got, const char *expected)
{
        check(got, expected);
        free(got);
}

static void test_numbers(void)
{
        check(TEXT_BYTES(0), "0 B");
        check(TEXT_BYTES(1023), "1023 B");
        check(TEXT_BYTES(1024), "1 KiB");
        check(TEXT_BYTES(96 * UINT64_C(1048576)), "96 MiB");
        check(TEXT_BYTES(1536 * UINT64_C(1048576)), "1.5 GiB");
        check(TEXT_BYTES(UINT64_C(1073741824) - 1), "1023 MiB");
        check(TEXT_BYTES(UINT64_MAX), "15.9 EiB");

        check(TEXT_DURATION(0), "0.0s");
        check(TEXT_DURATION(1234567), "1.2s");
        check(TEXT_DURATION(59999999), "59.9s");
        check(TEXT_DURATION(123 * USEC_PER_SEC), "2min 3s");
        check(TEXT_DURATION(5 * 3600 * USEC_PER_SEC + 61 * USEC_PER_SEC), "5h 1min");
        check(TEXT_DURATION(50 * 3600 * USEC_PER_SEC), "2d 2h");
        assert(strlen(TEXT_DURATION(UINT64_MAX)) < TEXT_NUMBER_MAX);

        check(TEXT_TIME(0), "-");
        check(TEXT_TIME(UINT64_MAX), "-");
        assert(strlen(TEXT_TIME(UINT64_C(1740824763000000))) == strlen("2025-03-01 10:26:03"));
}

static void test_join(void)
{
        check_owned(text_join(NULL), "");
        check_owned(text_join((char *[]) { NULL }), "");
        check_owned(text_join((char *[]) { (char[]) { "a" }, NULL }), "a");
        check_owned(text_join((char *[]) { (char[]) { "a" }, (char[]) { "b" }, (char[]) { "c" }, NULL }),
                    "a,b,c");
}

static void test_utf8(void)
{
        uint32_t c;

        assert(text_decode_utf8("a", &c) == 1 && c == 'a');
        assert(text_decode_utf8("\xc3\xbc", &c) == 2 && c == 0xfc);
        assert(text_decode_utf8("\xe2\x82\xac", &c) == 3 && c == 0x20ac);
        assert(text_decode_utf8("\xf0\x9f\x98\x80", &c) == 4 && c == 0x1f600);
        assert(text_decode_utf8("\xc0\x80", &c) < 0);         /* overlong */
        assert(text_decode_utf8("\xe0\x80\xaf", &c) < 0);     /* overlong */
        assert(text_decode_utf8("\xed\xa0\x80", &c) < 0);     /* surrogate */
        assert(text_decode_utf8("\xf4\x90\x80\x80", &c) < 0); /* beyond Unicode */
        assert(text_decode_utf8("\xe2\x82", &c) < 0);         /* cut off */
        assert(text_decode_utf8("\x80", &c) < 0);
        assert(text_is_utf8("") && text_is_utf8("v\xc3\xbcm") && !text_is_utf8("v\xfcm"));
}

static void test_escape(bool utf8_locale)
{
        check_owned(text_escape("", true), "");
        check_owned(text_escape("vm-1 \\ 'x'", true), "vm-1 \\ 'x'");
        check_owned(text_escape("a\x1b[31m\n\x7f", true), "a\\x1b[31m\\x0a\\x7f");
        check_owned(text_escape("\xff\xfe", true), "\\xff\\xfe");
        check_owned(text_escape("\xc2\x9b", true), "\\u009b");
        check_owned(text_escape("\xe2\x80\xae\xe2\x81\xa6", true), "\\u202e\\u2066");
        check_owned(text_escape("\xf3\xa0\x80\x81", true), "\\U000e0001");
        check_owned(text_escape("\xc3\xbc", false), "\\u00fc");
        if (utf8_locale)
                check_owned(text_escape("\xc3\xbc", true), "\xc3\xbc");
}

static void test_ellipsize(void)
{
        check_owned(text_ellipsize("abcdef", 6, true), "abcdef");
        check_owned(text_ellipsize("abcdef", 5, true), "abcd\xe2\x80\xa6");
        check_owned(text_ellipsize("abcdef", 5, false), "ab...");
        check_owned(text_ellipsize("abcdef", 2, false), "..");
        check_owned(text_ellipsize("abcdef", 0, true), "");
        check_owned(text_ellipsize("", 0, true), "");
        /* Two columns each: one does not fit beside the ellipsis. */
        check_owned(text_ellipsize("\xe6\xbc\xa2\xe5\xad\x97", 3, true), "\xe6\xbc\xa2\xe2\x80\xa6");
        assert(text_width("\xe6\xbc\xa2\xe5\xad\x97") == 4);
}

static const char *next_word(size_t i)
{
        static const char *const words[] = { "hibernate", "resume", "move", "list", "functions" };

        return i < ELEMENTSOF(words) ? words[i] : NULL;
}

static void test_nearest(void)
{
        static const char *const pairs[][2] = {
                { "hibernat", "hibernate" }, { "hybernate", "hibernate" }, { "mvoe", "move" },
                { "lst", "list" },           { "func", "functions" },      { "resmue", "resume" },
        };

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++)
                assert(streq_ptr(text_nearest(pairs[i][0], next_word), pairs[i][1]));

        assert(!text_nearest("", next_word));
        assert(!text_nearest("shutdown", next_word));
        assert(!text_nearest("a-word-that-is-longer-than-any-command-there-could-ever-be", next_word));
}

int main(void)
{
        bool utf8_locale = setlocale(LC_CTYPE, "C.UTF-8") != NULL;

        test_numbers();
        test_join();
        test_utf8();
        test_escape(utf8_locale);
        if (utf8_locale)
                test_ellipsize();
        test_nearest();
        return 0;
}
