# SPDX-License-Identifier: ISC
# tool_stats.sh - "sesskit stats": the numbers are right, for people, programs and Prometheus.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

stats()
{
	"$sesskit" stats --store "$store" "$@" </dev/null
}

# The number behind this name in the text.
number()
{
	sed -n "s/^$1  *\([0-9]*\).*/\1/p" "$dir/stats"
}

# json EXPRESSION: of the one object in $dir/stats.json.
json()
{
	sqlite3 :memory: "SELECT CAST(readfile('$dir/stats.json') AS TEXT) ->> '$1'"
}

refs 7 expired=40 >"$dir/refs"
refs 5 'user=user%' >>"$dir/refs"
fails "a word too many" 64 "one word too many" stats --store "$store" now

stats >"$dir/stats"
is "live ones are counted" "$(number live)" 12
is "those with a user" "$(number 'signed in')" 5
is "those without" "$(number anonymous)" 7
is "those that have expired" "$(number waiting)" 40
ok "and for how long" grep -q '^waiting .* the oldest for 29d 23h$' "$dir/stats"
is "the hours stand below" "$(grep -c '^[0-2][0-9]:00 ' "$dir/stats")" 24
is "the last one is this one, in UTC" "$(tail -n 2 "$dir/stats" | head -n 1 | cut -c 1-5)" \
	"$(date -u +%H:00)"
is "all that was started now is in their sum" \
	"$(tail -n 1 "$dir/stats" | $AWK '{ print $1, $2, $3 }')" "all 12 5"
empty "there are no bars in a file" "$(grep '#' "$dir/stats")"
is "--quiet leaves the hours out" "$(stats --quiet | grep -c :00)" 0

script -qec "stty cols 80; '$sesskit' stats --store '$store'" "$dir/typescript" >"$dir/terminal" \
	</dev/null
ok "a terminal gets bars" grep -q '^[0-2][0-9]:00 .* 12 .*  ##########' "$dir/terminal"
empty "that fit it" "$(tr -d '\r' <"$dir/terminal" | $AWK 'length > 80')"

stats --json >"$dir/stats.json"
empty "--json prints JSON" "$(json_faults <"$dir/stats.json")"
is "on one line" "$(wc -l <"$dir/stats.json")" 1
is "with the same numbers" "$(json '$.live') $(json '$.signed_in') $(json '$.waiting')" "12 5 40"
is "and all minutes and hours" \
	"$(json '$.minutes' | grep -o started | wc -l) $(json '$.hours' | grep -o started | wc -l)" \
	"60 24"
is "bytes are those of the files" "$(json '$.bytes')" \
	"$(cat "$dir/sessions.db" "$dir"/sessions.db-[wsg]* | wc -c)"

stats --quiet --metrics "$dir/metrics.prom" >"$dir/out" 2>&1
is "with --quiet, metrics are all" "$(cat "$dir/out")" ""
is "they have the same numbers" "$(sed -n 's/^sesskit_sessions_[lw][a-z]* //p' "$dir/metrics.prom")" \
	"12
40"
ok "and what happened in the last hour" grep -qx 'sesskit_started_last_hour 12' \
	"$dir/metrics.prom"
empty "each with its help and type" \
	"$($AWK '/^# HELP/ { help = $3; next } /^# TYPE/ && $3 == help { type = $3; next }
		$1 == type && NF == 2 && $2 ~ /^[0-9.]+$/ { next } { print }' "$dir/metrics.prom")"
is "everybody may read them" "$(stat -c %a "$dir/metrics.prom")" 644
ok "metrics that cannot be written" sh -c "'$sesskit' stats --quiet --store '$store' \
	--metrics '$dir/missing/m' 2>'$dir/err'; [ \$? = 73 ] && [ \$(wc -l <'$dir/err') = 1 ]"

before=$(cksum "$dir/sessions.db" "$dir/sessions.db-wal")
stats >"$dir/stats"
is "counting changes nothing" "$(cksum "$dir/sessions.db" "$dir/sessions.db-wal")" "$before"
done_testing
