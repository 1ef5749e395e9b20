# SPDX-License-Identifier: ISC
# tool_watch.sh - "sesskit watch": lines for programs, and a screen that leaves no trace on a terminal.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

escape=$(printf '\033')
enter="$escape[?1049h"
leave="$escape[?1049l"

watch()
{
	"$sesskit" watch --store "$store" "$@" </dev/null
}

refs 7 expired=40 'user=user%' >"$dir/refs"
fails "no count at all" 64 "must be more than 0" watch --store "$store" --count 0
fails "no interval" 64 "must be more than 0" watch --store "$store" --interval 0
fails "an interval that is none" 64 "expected a time" watch --store "$store" --interval often

watch --count 2 >"$dir/lines"
is "it prints so many lines" "$(wc -l <"$dir/lines")" 2
is "with time and numbers" \
	"$(sed -n '1s/^[0-9-]* [0-9:]*  \(live [0-9]*  signed in [0-9]*  waiting [0-9]*\)  .*/\1/p' \
	"$dir/lines")" "live 7  signed in 7  waiting 40"
empty "and nothing that is meant for a terminal" "$(grep "$escape" "$dir/lines")"
watch --json --count 1 >"$dir/watch.json"
is "--json prints an object each time" "$(json_faults <"$dir/watch.json" | wc -l) \
$(wc -l <"$dir/watch.json")" "0 1"
ok "a reader that goes away ends it" sh -c "'$sesskit' watch --store '$store' 2>'$dir/err' |
	head -n 1 | grep -q live && [ \$(wc -l <'$dir/err') = 1 ]"

# begin OPTION...: a watch on a terminal of 20 lines and 70 columns, which shows its first screen.
# Keys go to descriptor 5; the terminal's settings before and after are kept.
begin()
{
	rm -f "$dir/keys" "$dir/code" "$dir/pid"
	mkfifo "$dir/keys"
	: >"$dir/screen"
	cat >"$dir/inner.sh" <<-EOF
		trap : INT
		stty rows 20 cols 70
		tty >"$dir/tty"
		stty -g >"$dir/before"
		sh -c 'echo \$\$ >"\$0"; exec "\$@"' "$dir/pid" \
			"$sesskit" watch --store "$store" $*
		echo \$? >"$dir/code"
		stty -g >"$dir/after"
	EOF
	timeout --foreground 60 script -qfc "sh '$dir/inner.sh'" "$dir/typescript" <"$dir/keys" >"$dir/screen" 2>&1 &
	terminal=$!
	exec 5>"$dir/keys"
	until_shown 1
}

# Until so many screens were drawn.
until_shown()
{
	until [ "$(grep -c 'q quits' "$dir/screen")" -ge "$1" ]; do
		kill -0 $terminal || bail "watch ended: $(cat "$dir/screen")"
		sleep 0.05
	done
}

# finish NAME: the watch has been told to end.
finish()
{
	wait $terminal
	exec 5>&-
	is "$1 ends it" "$(cat "$dir/code")" 0
	is "and leaves the terminal as it was" "$(cat "$dir/after")" "$(cat "$dir/before")"
	ok "with the screen of the shell" grep -q -F "$enter" "$dir/screen"
	is "as the last thing it does" "$(tail -n 1 "$dir/screen" | tr -d '\r' |
		grep -o -F -e "$enter" -e "$leave" -e "$escape[?25h" | tail -n 2 | tr -d '\n')" \
		"$escape[?25h$leave"
}

# What the last screen shows, as lines of text.
last_screen()
{
	tr -d '\r' <"$dir/screen" | $AWK -v home="$escape\\\\[H" '
		$0 ~ home { text = ""; sub(".*" home, "") } { text = text $0 "\n" } END { printf "%s", text }' |
		sed "s/$escape\\[[?0-9]*[A-Za-z]//g"
}

begin --interval 1h
last_screen >"$dir/last"
ok "the screen has the numbers" grep -q '^live 7   signed in 7   waiting 40 ' "$dir/last"
# The minute may have gone by since the sessions began.
ok "and a chart" grep -q '^ *[0-9]* | *# \{0,1\}$' "$dir/last"
ok "and is not higher than the terminal" [ "$(wc -l <"$dir/last")" -le 20 ]
empty "nor wider" "$($AWK 'length > 70' "$dir/last")"
stty -F "$(cat "$dir/tty")" rows 9 cols 33
until_shown 2
last_screen >"$dir/last"
ok "a smaller terminal gets fewer lines" [ "$(wc -l <"$dir/last")" -le 9 ]
empty "and shorter ones" "$($AWK 'length > 33' "$dir/last")"
printf 'xq' >&5
finish "q"
for signal in INT TERM HUP; do
	begin --interval 1h
	kill -$signal "$(cat "$dir/pid")"
	finish "SIG$signal"
done
begin --interval 1h
printf '\003' >&5
finish "Ctrl-C"
begin --count 2
finish "the count"
done_testing
