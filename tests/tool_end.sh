# SPDX-License-Identifier: ISC
# tool_end.sh - "sesskit end": what is ended is ended, no more and no less, and each is reported.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"
command -v script >/dev/null || bail "there is no script(1), which gives a program a terminal"

end()
{
	"$sesskit" end --store "$store" "$@"
}
live()
{
	"$sesskit" list --store "$store" --limit 0 | sed 's/.*"ref":"\([^"]*\).*/\1/' | sort
}
# fresh COUNT [NAME=VALUE]...: a new store; its refs are in $dir/refs.
fresh()
{
	rm -f "$dir"/sessions.db*
	refs "$@" >"$dir/refs"
}
ref()
{
	sed -n "$1p" "$dir/refs"
}
nobody=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA

# -- by name -------------------------------------------------------------------------------------

fresh 4 user=alice expired=1
is "one session" "$(end "$(ref 1)")" "$(ref 1) ended"
is "is gone, and the others are not" "$(live)" "$(sed -n 2,4p "$dir/refs" | sort)"
is "its end is kept, with the reason" "$(sql "SELECT count(*) FROM trace WHERE kind = 3 AND why = 8")" 1
is "once more" "$(end "$(ref 1)")" "$(ref 1) had ended already: ended from elsewhere"
ok "is no failure" end --quiet "$(ref 1)"
is "an expired one" "$(end "$(ref 5)")" "$(ref 5) had ended already: too old"
is "is removed all the same" "$(sql "SELECT count(*) FROM session WHERE expires <= unixepoch()")" 0
is "an unknown one among others is named" "$(end "$(ref 2)" $nobody "$(ref 3)" 2>"$dir/err")" \
	"$(printf '%s ended\n%s ended' "$(ref 2)" "$(ref 3)")"
is "on standard error" "$(cat "$dir/err")" "sesskit end: $nobody: there is no such session"
ok "and in the exit code" sh -c "\"$sesskit\" end --store '$store' $nobody 2>/dev/null; [ \$? = 66 ]"
is "the rest was ended" "$(live)" "$(ref 4)"
fails "a ref that is none" 64 "alice: names no session" end --store "$store" "$(ref 4)" alice
is "ends nothing before it" "$(live)" "$(ref 4)"
is "--quiet says nothing" "$(end --quiet "$(ref 4)")" ""
is "and does it" "$(live)" ""
is "each has a line of JSON" "$(end --json "$(ref 4)" $nobody 2>"$dir/err")" \
	"$(printf '{"ref":"%s","result":"already","reason":"ended from elsewhere"}\n%s' "$(ref 4)" \
	"{\"ref\":\"$nobody\",\"result\":\"unknown\",\"reason\":null}")"

"$fill" "$store" 1 >"$dir/filled"
read -r old token <"$dir/filled"
"$fill" "$store" 0 user=alice "resume=$token" >"$dir/filled"
is "an id from before a login" "$(end "$old")" "$old, under its id since the login, ended"
is "leads to the session" "$(live)" ""
"$fill" "$store" 1 user=alice >"$dir/filled"
read -r new token <"$dir/filled"
is "a visitor is there" "$("$fill" "$store" 0 "resume=$token")" "live alice"
end --quiet "$new"
is "and out with the next request" "$("$fill" "$store" 0 "resume=$token")" "revoked -"

# -- of a user -----------------------------------------------------------------------------------

fresh 3 user=alice expired=1
"$fill" "$store" 2 user=bob >"$dir/bob"
"$fill" "$store" 2 >"$dir/anonymous"
is "a dry run counts the live ones" "$(end --user alice --dry-run)" "3 sessions would be ended"
is "but the one kept" "$(end --user alice --except "$(ref 2)" --dry-run)" \
	"2 sessions would be ended"
is "and but none if that is another's" \
	"$(end --user alice --except "$(cut -d ' ' -f 1 "$dir/bob" | head -n 1)" --dry-run --json)" \
	'{"would_end":3}'
is "and ends none" "$(live | wc -l)" 7
is "all but one" "$(end --user alice --except "$(ref 2)")" "3 sessions ended"
is "leaves that one" "$("$sesskit" list --store "$store" --user alice | wc -l)" 1
is "and those of others" "$(live | wc -l)" 5
is "the last one" "$(end --user alice)" "1 session ended"
is "a user without sessions" "$(end --user alice --json)" '{"ended":0}'
is "others are still there" "$(live | wc -l)" 4
fresh 3 user=alice sealed
is "a sealed user is found under the key" "$(end --user alice --set seal=yes)" "3 sessions ended"

# -- of everyone ---------------------------------------------------------------------------------

fresh 3 user=user%
fails "all without an answer" 66 "there is no terminal to ask on; --yes answers" \
	end --store "$store" --all
is "ends none" "$(live | wc -l)" 3
is "a dry run" "$(end --all --dry-run)" "3 sessions would be ended"
is "does neither" "$(live | wc -l)" 3
# answer TEXT: what the command says on a terminal where somebody types this.
answer()
{
	printf "$1" | script -qec "$sesskit end --store $store --all; echo code \$?" \
		"$dir/typescript" | tr -d '\r'
}
is "a no" "$(answer 'n\n' | grep -o 'code .*')" "code 66"
is "is one" "$(live | wc -l)" 3
is "so is the end of the input" "$(answer '\004' | grep -o 'code .*')" "code 66"
is "which ends none" "$(live | wc -l)" 3
# interrupt: press Ctrl-C when the question is there.
interrupt()
{
	rm -f "$dir/keyboard"
	mkfifo "$dir/keyboard"
	: >"$dir/screen"
	script -qec "trap : INT; $sesskit end --store $store --all; echo code \$?" \
		"$dir/typescript" <"$dir/keyboard" >"$dir/screen" &
	exec 5>"$dir/keyboard"
	until grep -q 'y/N' "$dir/screen"; do
		kill -0 $! || break
		sleep 0.05
	done
	printf '\003' >&5
	wait $!
	exec 5>&-
	tr -d '\r' <"$dir/screen" | grep -o -e 'stopped: .*' -e 'code .*'
}
is "Ctrl-C is no answer" "$(interrupt)" "$(printf 'stopped: nothing was ended\ncode 130')"
is "and ends none" "$(live | wc -l)" 3
answer 'y\n' >"$dir/answered"
ok "it says how many it would be" grep -q 'End all 3 sessions of everyone? \[y/N\]' "$dir/answered"
is "a yes" "$(grep -o -e '[0-9]* sessions ended' -e 'code .*' "$dir/answered")" \
	"$(printf '3 sessions ended\ncode 0')"
is "ends all" "$(live | wc -l)" 0
fresh 3
is "--yes needs no terminal" "$(end --all --yes </dev/null)" "3 sessions ended"
fresh 3
is "all but one" "$(end --all --yes --except "$(ref 3)")" "2 sessions ended"
is "leaves that one" "$(live)" "$(ref 3)"

# -- wrong use -----------------------------------------------------------------------------------

for arguments in "" "--user alice --all" "$(ref 3) --all" "$(ref 3) --user alice"; do
	fails "end $arguments" 64 "expected either sessions, or --user NAME, or --all" \
		end --store "$store" $arguments
done
fails "--except with refs" 64 "--except goes with --user or --all" \
	end --store "$store" "$(ref 3)" --except "$(ref 3)"
fails "--except with a ref that is none" 64 "names no session" \
	end --store "$store" --user alice --except bob
fails "--dry-run with refs" 64 "--dry-run goes with" end --store "$store" "$(ref 3)" --dry-run
is "none of which ended anything" "$(live)" "$(ref 3)"
common_outputs end --store "$store" --user alice
common_outputs end --store "$store" "$(ref 3)"
is "what could not be reported was done" "$(live)" ""
done_testing
