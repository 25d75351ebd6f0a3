/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/text-diff.h"

#include "test.h"

static void expect(const char *from, const char *to, const char *hunks)
{
        _cleanup_free_ char *diff = NULL;

        CHECK(text_diff(from, to, &diff, NULL) == 0);
        CHECK(streq(diff, hunks));
}

int main(void)
{
        expect("", "", "");
        expect("a\nb\n", "a\nb\n", "");
        expect("a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
        expect("", "--- a\n+++ b\n", "@@ -0,0 +1,2 @@\n+--- a\n++++ b\n");
        return EXIT_SUCCESS;
}
