# SPDX-License-Identifier: ISC
# tool_docs.sh - what the command says of itself, what the manual says, and what completion offers
# are the same verbs and options.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"
man=$top_srcdir/fcgi-apps/man

verbs=$("$sesskit" help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
is "help lists the verbs of the table" "$verbs" \
	"$(sed -n 's/^VERB(\(.*\))$/\1/p' "$top_srcdir/fcgi-apps/tools/verbs.def")"
is "so does sesskit(1)" "$(sed -n 's/^\.It Cm \([a-z]*\)$/\1/p' "$man/sesskit.1" | sort)" \
	"$(echo "$verbs" | sort)"
is "which names the page of each" "$(sed -n 's/^\.Xr sesskit-\([a-z]*\) 1$/\1/p' "$man/sesskit.1" |
	sort)" "$(echo "$verbs" | sort)"

# help_options TITLE: the options under that title of a help text, with what each takes.
help_options()
{
	$AWK -v title="$1" '$0 == title { wanted = 1; next } $0 == "" { wanted = 0 } wanted' |
		sed -n 's/^  --\([a-z-]*\) \{0,1\}\([^ ]*\)  .*/\1 \2/p' | sort
}
# man_options FILE: the same of a page.
man_options()
{
	sed -n 's/^\.It Fl -\([a-z-]*\)\(.*\)/\1\2/p' "$1" | sed 's/ Ar / /; s/ Ns = Ns Ar /=/' |
		sed 's/^\([a-z-]*\)$/\1 /' | sort
}
ok "the manual's options can be read" [ "$(man_options "$man/sesskit.1" | grep -c store)" = 1 ]
is "the options that every verb has" "$(man_options "$man/sesskit.1")" \
	"$("$sesskit" help help | help_options "Every verb takes these:")"
for verb in $verbs; do
	is "the options of $verb" "$(man_options "$man/sesskit-$verb.1")" \
		"$("$sesskit" help "$verb" | help_options "Options:")"
	ok "the page of $verb shows its name" grep -q "^\.Nm sesskit $verb\$" "$man/sesskit-$verb.1"
	empty "help of $verb fits a terminal" "$("$sesskit" help "$verb" | $AWK 'length > 80')"
	empty "and has no title without a text" \
		"$("$sesskit" help "$verb" | $AWK '$0 == "" && last ~ /:$/; { last = $0 }')"
done
empty "help fits a terminal" "$("$sesskit" help | $AWK 'length > 80')"
is "every page is installed" "$(cd "$man" && ls | sort)" "$(sed -n \
	's/^.*%D%\/man\/\(.*\.[1-9]\).*/\1/p' "$top_srcdir/fcgi-apps/local.mk" | sort)"

# offered WORD...: what bash offers for the last of these words of a command line.
offered()
{
	PATH="${sesskit%/*}:$PATH" bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_sesskit; printf "%s\n" "${COMPREPLY[@]}"' bash \
		"$top_srcdir/fcgi-apps/tools/sesskit.bash" "$@"
}
is "completion offers the verbs" "$(offered sesskit '')" "$verbs"
is "those that begin so" "$(offered sesskit sh)" show
is "verbs behind help" "$(offered sesskit help sh)" show
for verb in $verbs; do
	is "the options of $verb" "$(offered sesskit "$verb" -- | sort)" "$("$sesskit" help "$verb" |
		sed -n 's/^  \(--[a-z-]*\) .*/\1/p' | sort)"
done
is "values that are words" "$(offered sesskit list --state e)" expired
is "the orders that there are" "$(offered sesskit list --sort '' | sort)" \
	"$("$sesskit" list --sort x 2>&1 | sed 's/.*one of \([^,]*\),.*/\1/' | tr '|' '\n' | sort)"
touch "$dir/settings.conf"
is "files for an option that takes a value" "$(offered sesskit list --config "$dir/sett")" \
	"$dir/settings.conf"
is "what key does" "$(offered sesskit key ro)" rotate
is "nothing for a verb that there is not" "$(offered sesskit nonsense --)" ""
done_testing
