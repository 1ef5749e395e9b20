# SPDX-License-Identifier: ISC
# symbols.sh - the library exports what sesskit.sym lists, and that is what the headers declare.

: "${top_srcdir:=.}" "${top_builddir:=.}" "${NM:=nm}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL

library=$top_builddir/lib/.libs/libsesskit.so
[ -e "$library" ] || bail "$library is not built; configure with --enable-shared"

# Names of the functions whose prototype begins with SESS_API; it may go over several lines.
declared()
{
	awk '/^SESS_API/ { text = ""; wanted = 1 }
		wanted { text = text $0 }
		wanted && match(text, /sess_[a-z0-9_]+\(/) {
			print substr(text, RSTART, RLENGTH - 1)
			wanted = 0
		}' "$top_srcdir/lib/sesskit.h" "$top_srcdir/lib/sesskit_store.h" | sort
}

exported()
{
	$NM -D --defined-only "$library" | awk '{ print $NF }' | sort
}

listed=$(cat "$top_srcdir/lib/sesskit.sym")
is "sesskit.sym is sorted, without doubles" "$listed" "$(printf '%s\n' "$listed" | sort -u)"
is "the headers declare what sesskit.sym lists" "$(declared)" "$listed"
is "the library exports what sesskit.sym lists" "$(exported)" "$listed"
done_testing
