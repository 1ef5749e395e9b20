# SPDX-License-Identifier: ISC
# test_docs.sh - what manual and README say is what headers, tables and the library do, and their
# programs and commands work as they stand there.

: "${top_srcdir:=.}" "${top_builddir:=.}" "${CC:=cc}" "${AWK:=awk}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL
top_srcdir=$(cd "$top_srcdir" && pwd) && top_builddir=$(cd "$top_builddir" && pwd) || bail "no tree"
lib=$top_srcdir/lib
man=$lib/man
readme=$top_srcdir/README.md

dir=$(mktemp -d) || bail "cannot make a directory"
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
compile="$CC -std=gnu11 -Wall -Wextra -Wno-unused-function -Werror -I$lib"

# -- functions and codes -------------------------------------------------------------------------

# Names of the functions whose prototype begins with SESS_API; it may go over several lines.
declared_functions()
{
	$AWK '/^SESS_API/ { text = ""; wanted = 1 }
		wanted { text = text $0 }
		wanted && match(text, /sess_[a-z0-9_]+\(/) {
			print substr(text, RSTART, RLENGTH - 1)
			wanted = 0
		}' "$lib/sesskit.h" "$lib/sesskit_store.h" | sort
}

# A page may be found by the names in NAME; the overview is no function.
named_functions()
{
	$AWK '/^\.Sh / { wanted = $2 == "NAME" } wanted && $1 == ".Nm" { print $2 }' "$man"/*.3 |
		grep -v '^sesskit' | sort
}

synopsis_functions()
{
	$AWK '/^\.Sh / { wanted = $2 == "SYNOPSIS" } wanted && $1 == ".Fn" { print $2 }' "$man"/*.3 |
		sort
}

# The SYNOPSIS sections as C. Beside the headers, a prototype that differs does not compile.
synopsis_prototypes()
{
	echo '#include <sesskit_store.h>'
	$AWK '/^\.Sh / { wanted = $2 == "SYNOPSIS" }
		wanted && $1 == ".Ft" { type = substr($0, 5); gsub(/"/, "", type) }
		wanted && $1 == ".Fn" {
			rest = substr($0, length($1) + length($2) + 3)
			gsub(/" "/, ", ", rest)
			gsub(/"/, "", rest)
			print type " " $2 "(" rest ");"
		}' "$man"/*.3
}

is "every function has a page" "$(named_functions)" "$(declared_functions)"
is "every function is in one SYNOPSIS" "$(synopsis_functions)" "$(declared_functions)"
synopsis_prototypes >"$dir/synopsis.c"
ok "the prototypes of the manual are those of the headers" \
	$compile -fsyntax-only "$dir/synopsis.c"

header_codes()
{
	sed -nE 's/^	(SESS_[A-Z]*) = (0|-[0-9]+)[, ].*/\1/p' "$lib/sesskit.h"
}

# Codes and texts, as "CODE|text".
defined_codes()
{
	sed -n 's/^SESS_ERROR(\([A-Z_]*\), "\(.*\)")$/\1|\2/p' "$lib/errors.def"
}

manual_codes()
{
	$AWK '/^\.Sh / { wanted = $2 == "RETURN" }
		wanted && /^\.It Dv / { code = $3; getline; print code "|" $0 }' "$man/sesskit.3"
}

is "errors.def has the codes of the header" "$(defined_codes | cut -d'|' -f1)" "$(header_codes)"
is "sesskit(3) lists the codes and their texts" "$(manual_codes)" "$(defined_codes)"

unknown_constants()
{
	sed '/^\.Dt /d' "$man"/*.[35] "$readme" | grep -o 'SESS_[A-Z_]*[A-Z]' | sort -u |
	while read -r word; do
		grep -qw "$word" "$lib/sesskit.h" "$lib/sesskit_store.h" || echo "$word"
	done
}
empty "constants that the texts name are in the headers" "$(unknown_constants)"

# Words that kit_log is called with, and those of the list in sess_kit_open(3).
logged_events()
{
	tr '\n\t' '  ' <"$dir/sources" | grep -o 'kit_log([^,(]*,[^,]*,' | grep -o '"[a-z]*"' |
		tr -d '"' | sort -u
}
cat "$lib"/*.c >"$dir/sources"
listed_events()
{
	$AWK '/^\.Ss / { wanted = $0 ~ /the log/ } wanted && /^\.It Cm/ { print $3 }' \
		"$man/sess_kit_open.3" | sort
}
is "sess_kit_open(3) lists the events of the log" "$(listed_events)" "$(logged_events)"

# -- settings ------------------------------------------------------------------------------------

# Prints name, what sesskit.conf(5) should say of it, and default, with tabs between. The table and
# the way numbers are shown are those of config.c itself.
cat >"$dir/settings.c" <<'C'
#include "config.c"

static void
describe_number(const setting *s)
{
	static const char *const kinds[] = { [SETTING_TIME] = "time", [SETTING_SIZE] = "size",
		[SETTING_COUNT] = "number" };
	char low[32], high[32], standard[32];

	number_show(low, sizeof(low), s->kind, s->low == -1 ? 1 : s->low);
	number_show(high, sizeof(high), s->kind, s->high);
	number_show(standard, sizeof(standard), s->kind, s->fallback);
	if (s->fallback < s->low)       /* only touch follows from another setting */
		snprintf(standard, sizeof(standard), "a twentieth of idle");
	printf("%s\t%s, %s to %s%s, default %s\t%s\n", s->name, kinds[s->kind], low, high,
		s->low == -1 ? " or never" : "", standard, standard);
}

int
main(void)
{
	for (const setting *s = settings; s < settings + settings_count; s++) {
		if (s->kind == SETTING_CHOICE)
			printf("%s\tchoice of %s, default %.*s\t%.*s\n", s->name, s->text,
				(int)strcspn(s->text, "|"), s->text, (int)strcspn(s->text, "|"), s->text);
		else if (s->kind == SETTING_TEXT)
			printf("%s\ttext up to %zu bytes, %s%s\t%s\n", s->name, s->size - 1,
				s->text[0] != '\0' ? "default " : "no default", s->text, s->text);
		else
			describe_number(s);
	}
	return 0;
}
C
ok "the settings table compiles alone" \
	$compile -o "$dir/settings" "$dir/settings.c" "$lib/error.c"
"$dir/settings" >"$dir/settings.txt"

manual_settings()
{
	$AWK '/^\.It Ic / { name = $3; getline; sub(/^\.Pq /, ""); print name "\t" $0 }' \
		"$man/sesskit.conf.5"
}
is "sesskit.conf(5) has every setting with its kind, range and default" "$(manual_settings)" \
	"$(cut -f1,2 "$dir/settings.txt")"

# Rows "| `name` | `default` | ..." of README that do not agree with the table.
readme_settings()
{
	sed -n 's/^| `\([a-z_]*\)` | `\([^`]*\)` |.*/\1|\2/p' "$readme"
}
wrong_readme_settings()
{
	readme_settings | while IFS='|' read -r name value; do
		$AWK -F'\t' -v name="$name" -v value="$value" \
			'$1 == name && $3 == value { found = 1 } END { exit !found }' \
			"$dir/settings.txt" || echo "$name: $value"
	done
}
ok "README has a table of settings" [ "$(readme_settings | wc -l)" -ge 5 ]
empty "and their defaults are right" "$(wrong_readme_settings)"

# -- programs in the texts -----------------------------------------------------------------------

# Write each C example of a page to $dir/PAGE-N.c: what stands literally under EXAMPLES.
extract_examples()
{
	$AWK -v out="$dir/$(basename "$1")" '/^\.Sh / { wanted = $2 == "EXAMPLES" }
		wanted && /^\.Bd -literal/ { file = out "-" ++n ".c"; next }
		/^\.Ed/ { file = "" }
		file { gsub(/\\e/, "\\"); print > file }' "$1"
}

for page in "$man"/*.3; do
	extract_examples "$page"
	name=$(basename "$page")
	ok "$name has an example" [ -s "$dir/$name-1.c" ]
	for example in "$dir/$name"-*.c; do
		ok "$(basename "$example") compiles" $compile -fsyntax-only "$example"
	done
done

# Blocks of a language in README, one after the other, into one file each.
extract_readme()
{
	$AWK -v language="$1" -v out="$dir/readme" '$0 == "```" { file = "" }
		file { print > file }
		$0 == "```" language { file = out "-" ++n "." language }' "$readme"
}
extract_readme c
extract_readme sh
extract_readme ini
extract_readme crontab
ok "README has one program" [ "$(ls "$dir"/readme-*.c | wc -l)" = 1 ]
ok "it compiles and links" $compile -o "$dir/page" "$dir/readme-1.c" \
	"-L$top_builddir/lib/.libs" "-Wl,-rpath,$top_builddir/lib/.libs" -lsesskit -lfcgi

# visit [COOKIE]: run README's program as plain CGI in $dir.
visit()
{
	(cd "$dir" && env -i REQUEST_METHOD=GET SCRIPT_NAME=/ QUERY_STRING= REMOTE_ADDR=127.0.0.1 \
		SERVER_PROTOCOL=HTTP/1.1 ${1:+"HTTP_COOKIE=$1"} ./page </dev/null | tr -d '\r')
}
first=$(visit)
cookie=$(printf '%s\n' "$first" | sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p')
is "it answers a first visit" "$(printf '%s\n' "$first" | tail -n 1)" "Visit 1"
is "a second visit of the same visitor is counted" "$(visit "$cookie" | tail -n 1)" "Visit 2"
is "another visitor begins anew" "$(visit | tail -n 1)" "Visit 1"

cat >"$dir/read.c" <<'C'
#include <sesskit.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
	sess_config config = SESS_CONFIG_INIT;
	sess_error error = { 0 };

	if (argc > 1 && sess_config_file(&config, argv[1], &error) == SESS_OK)
		return 0;
	puts(error.text);
	return 1;
}
C
$compile -o "$dir/read" "$dir/read.c" "-L$top_builddir/lib/.libs" \
	"-Wl,-rpath,$top_builddir/lib/.libs" -lsesskit || bail "cannot build a reader of settings"
ok "README's configuration file is read" "$dir/read" "$dir/readme-1.ini"
$AWK '/^\.Bd -unfilled/ { wanted = 1; next } /^\.Ed/ { wanted = 0 } wanted' \
	"$man/sesskit.conf.5" >"$dir/manual.ini"
ok "so is that of the manual" "$dir/read" "$dir/manual.ini"
ok "which is not empty" [ -s "$dir/manual.ini" ]

# -- commands and paths in README ----------------------------------------------------------------

# Lines "$ sqlite3 ..." work on the database that the program just made, and print something.
run_command()
{
	(cd "$dir" && sh -c "$1" >command.out 2>command.err </dev/null) &&
		[ -s "$dir/command.out" ] && [ ! -s "$dir/command.err" ] ||
		{ cat "$dir/command.out" "$dir/command.err"; return 1; }
}
ln -s "$top_srcdir/sql" "$dir/sql"
cat "$dir"/readme-*.sh | sed -n 's/^\$ \(sqlite3 .*\)/\1/p' >"$dir/commands"
ok "README has sqlite3 commands" [ -s "$dir/commands" ]
while IFS= read -r command; do
	ok "$command" run_command "$command"
done <"$dir/commands"

# Lines "$ sesskit ..." work on that database, too. Of that of a test, doctor may warn.
mkdir "$dir/bin"
ln -s "$top_builddir/fcgi-apps/tools/sesskit" "$dir/bin/sesskit"
PATH=$dir/bin:$PATH
$(sed -n 's/^\$ \(export SESSKIT_STORE=.*\)/\1/p' "$dir"/readme-*.sh)
cat "$dir"/readme-*.sh | sed -n 's/^\$ \(sesskit .*\)/\1/p' >"$dir/commands"
is "README has commands of the operator" "$(cut -d ' ' -f 2 "$dir/commands" | tr '\n' ' ')" \
	"list end stats doctor export gc "
while IFS= read -r command; do
	ok "$command" run_command "$command$(case $command in *doctor*) echo '
		[ $? -le 1 ]' ;; esac)"
done <"$dir/commands"
is "README's crontab is the sample" "$(cat "$dir"/readme-*.crontab)" \
	"$(grep '^[*0-9]' "$top_srcdir/fcgi-apps/conf/sesskit.cron")"

readme_views()
{
	tr '\n' ' ' <"$readme" | grep -o 'The views are [^.]*\.' | grep -o '`[a-z_]*`' | tr -d '`'
}
is "README lists the views" "$(readme_views)" \
	"$(sed -n 's/^CREATE TEMP VIEW \([a-z_]*\) AS.*/\1/p' "$top_srcdir/sql/views.sql")"

# The first column of the layout table, and the scripts that are called.
missing_paths()
{
	{
		sed -n 's/^| `\([^`]*\/[^`]*\)` |.*/\1/p' "$readme"
		cat "$dir"/readme-*.sh | sed -n 's/^\$ sh \([^ ]*\).*/\1/p'
	} | while read -r path; do
		[ -e "$top_srcdir/$path" ] || echo "$path"
	done
}
empty "files that README names exist" "$(missing_paths)"
done_testing
