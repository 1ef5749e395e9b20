# SPDX-License-Identifier: ISC
# style.sh - what a reader may rely on in every source file: sizes, licence, layout, and which
# part of the library knows which.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL
cd "$top_srcdir" || bail "no $top_srcdir"

most_file_lines=400
most_function_lines=50

# Files and functions that may be larger, one per line as FILE or FILE:FUNCTION, then the reason.
exceptions='
lib/sesskit.h a program reads one header, and half of it is prose
'

c_files=$(find lib fcgi-apps tests -name '*.[ch]' | sort)
all_files=$(find lib fcgi-apps tests sql autogen.sh configure.ac Makefile.am -type f \
	\( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.awk' -o -name '*.sql' \
	-o -name '*.mk' -o -name '*.am' -o -name '*.ac' -o -name '*.conf' -o -name '*.css' \
	-o -name '*.html' -o -name '*.[1-9]' -o -name '*.in' \) ! -name 'Makefile.in' \
	! -name schema_sql.h | sort)
[ -n "$c_files" ] || bail "no sources found"

# Drop the lines that the exceptions allow.
unless_allowed()
{
	while read -r name rest; do
		printf '%s\n' "$exceptions" | grep -q "^$name [^ ]" || echo "$name $rest"
	done
}

long_files()
{
	for file in $c_files; do
		lines=$(wc -l <"$file")
		[ "$lines" -le $most_file_lines ] || echo "$file has $lines lines"
	done | unless_allowed
}

# A function's body is from a brace in the first column to the next one that closes there.
long_functions()
{
	awk -v most=$most_function_lines '
		/^[A-Za-z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
		/^\{/ { start = FNR }
		/^\}/ && start {
			if (FNR - start + 1 > most)
				print FILENAME ":" name, "has", FNR - start + 1, "lines"
			start = 0
		}' $c_files | unless_allowed
}

# found PATTERN FILE...: the places, or nothing when the files do not exist.
found()
{
	pattern=$1
	shift
	grep -nE -e "$pattern" /dev/null "$@" 2>/dev/null
}

without_tag()
{
	for file in $all_files; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ISC' || echo "$file"
	done
}

# Includes of a store: system headers, the provider contract, and headers for stores alone. These two
# find stores, and are none.
foreign_includes()
{
	stores=$(printf '%s\n' lib/store_*.[ch] | grep -vE '/store_(url|module)\.c$')
	found '^#include "' $stores lib/gate.[ch] |
		grep -vE '"(sesskit_store|store_[a-z]+|home|carried|examine|gate|minutes|remote|[a-z]+_sql)\.h"'
}

# Sources of the library but token.c.
all_but_token=$(printf '%s\n' lib/*.c | grep -v '^lib/token\.c$')

ok "the function counter sees functions" grep -q '^{' lib/token.c
empty "no file has more than $most_file_lines lines" "$(long_files)"
empty "no function has more than $most_function_lines lines" "$(long_functions)"
empty "every file has its licence tag" "$(without_tag)"
empty "no line has trailing blanks" "$(found '[[:blank:]]$' $all_files README.md NEWS.md)"
empty "C is indented with tabs" "$(found '^ {2,}' $c_files)"
empty "the brace of a function has its own line" \
	"$(found '^[a-z][A-Za-z0-9_ *]*\(.*\) \{$' $c_files)"
empty "nothing is left to be done later" "$(found '\b(TO''DO|FIX''ME|XX''X)\b' $all_files)"
empty "nobody's home directory is named" "$(found '(^|[^A-Za-z0-9_.:])/(home|root|work)/' \
	$all_files README.md NEWS.md)"
empty "the library neither prints nor ends the program" "$(found \
	'\b(abort|_?exit|v?f?printf|f?puts|putchar|perror|syslog|assert)\(' lib/*.c)"
empty "only token.c asks for random bytes" "$(found \
	'\b(randombytes|getrandom|getentropy|arc4random|rand|random|drand48)[a-z_]*\(' \
	$all_but_token | grep -v 'random_bytes(')"
empty "cookies, expiry, token and json know neither stores nor sessions" "$(found \
	'\b(sess_kit|sess_provider|sess_record|store_[a-z]+)\b|\bsess \*|struct sess\b' \
	lib/cookie_*.c lib/expiry.c lib/token.c lib/json.c)"
empty "a store knows only the contract" "$(foreign_includes)"
done_testing
