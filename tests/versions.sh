# SPDX-License-Identifier: ISC
# versions.sh - every file that repeats the version number says the same.

: "${top_srcdir:=.}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

want=$(sed -n 's/^AC_INIT(\[sesskit\], \[\([0-9.]*\)\].*/\1/p' "$top_srcdir/configure.ac")
[ -n "$want" ] || bail "configure.ac has no version"

is "sesskit.h has the version of configure.ac" \
	"$(sed -n 's/^#define SESS_VERSION "\([^"]*\)".*/\1/p' "$top_srcdir/lib/sesskit.h")" "$want"
is "the first entry of NEWS.md is about this version" \
	"$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$top_srcdir/NEWS.md" | head -n 1)" "$want"
is "sesskit.pc has the version" \
	"$(sed -n 's/^Version: //p' "$top_builddir/lib/sesskit.pc")" "$want"
done_testing
