/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The cheapest hook that there can be. */

int main(void)
{
        return 0;
}
