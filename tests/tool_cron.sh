# SPDX-License-Identifier: ISC
# tool_cron.sh - the samples for cron and systemd run as those would run them: with hardly an
# environment, without a terminal, as the user who owns the store.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

conf=$top_srcdir/fcgi-apps/conf
home=$dir/store
store=sqlite:$home/sessions.db
mkdir -m 700 "$home"
mkdir -m 755 "$dir/bin"
cp "$sesskit" "$dir/bin/sesskit"

# Root can be anybody; others only themselves.
if [ "$(id -u)" = 0 ]; then
	chmod 711 "$dir"
	user=nobody
	as_user="setpriv --reuid=$user --regid=$(id -g $user) --clear-groups"
else
	user=$(id -un)
	as_user=
fi

begin()
{
	rm -f "$home"/*
	[ -z "$as_user" ] || chown root "$home"
	"$fill" "$store" 3 expired=30 >"$dir/fill.out" || bail "no store"
	[ -z "$as_user" ] || chown -R $user "$home"
}

left()
{
	sqlite3 -readonly "$home/sessions.db" 'SELECT count(*) FROM session'
}

# The store and the program of a sample are replaced by ours, as its first lines tell to do.
our_own()
{
	sed "s,/var/lib/sesskit/,$home/,g; s,/usr/local/bin,$dir/bin,g"
}

# as_cron COMMAND: what cron does with a line.
as_cron()
{
	(cd / && $as_user setsid -w env -i HOME=/ LOGNAME=$user SHELL=/bin/sh PATH="$cron_path" \
		/bin/sh -c "$1" </dev/null) >"$dir/out" 2>"$dir/err"
}

# -- cron ----------------------------------------------------------------------------------------

cron_line=$(grep -v -e '^#' -e '^[A-Z]*=' "$conf/sesskit.cron")
cron_path=$(sed -n 's/^PATH=//p' "$conf/sesskit.cron" | our_own)
set -f
set -- $cron_line
set +f
is "cron has one line" "$(printf '%s\n' "$cron_line" | wc -l)" 1
is "every five minutes" "$1 $2 $3 $4 $5" "*/5 * * * *"
is "as the user that runs the programs" "$6" www-data
shift 6
command=$(printf '%s' "$*" | our_own)
ok "the program is found by the PATH of the file" \
	[ "$(env -i PATH="$cron_path" /bin/sh -c "command -v $1")" = "$dir/bin/sesskit" ]
empty "no percent sign, which cron takes for the end of a line" "$(printf '%s\n' "$command" | grep %)"

begin
as_cron "$command"
is "cron's run succeeds" "$?" 0
is "and prints nothing that would be mailed" "$(cat "$dir/out" "$dir/err")" ""
is "what has expired is gone" "$(left)" 3
empty "every file still belongs to the owner" "$(find "$home" ! -user $user)"
empty "and to nobody else's eyes" "$(find "$home" -type f ! -perm 600)"
as_cron "$command"
is "another run has nothing to do, and says so" "$? $(cat "$dir/out" "$dir/err")" "0 "
mv "$home/sessions.db.key" "$dir/key"
as_cron "$command"
is "what goes wrong has an exit code" "$?" 78
is "and one line to be mailed" "$(cat "$dir/out" "$dir/err" | wc -l)" 1
ok "which tells what to do" grep -q 'sesskit gc: .*sessions.db.key: .*; make it with' "$dir/err"
mv "$dir/key" "$home/sessions.db.key"

# Root's own crontab: nothing that the site could not open is left behind.
begin
rm -f "$home"/sessions.db-[ws]*
"$sesskit" gc --quiet --store "$store" </dev/null >"$dir/out" 2>&1
is "the owner, or root, may run it as well" "$? $(cat "$dir/out")" "0 "
empty "and every file belongs to the owner" "$(find "$home" ! -user $user)"

# A folder that this user may not enter.
if [ -n "$as_user" ]; then
	chown daemon "$home"
else
	chmod 000 "$home"
fi
for verb in gc stats 'watch --count 1' doctor; do
	as_cron "sesskit $verb --store $store"
	is "${verb%% *}: no permission, in one line" "$? $(cat "$dir/out" "$dir/err" | wc -l)" "77 1"
done
chmod 700 "$home"

# -- systemd -------------------------------------------------------------------------------------

begin
start=$(sed -n 's/^ExecStart=//p' "$conf/sesskit-gc.service" | our_own)
cron_path=/nowhere
as_cron "$start"
is "the service's command succeeds without a PATH" "$?" 0
is "it prints nothing" "$(cat "$dir/out" "$dir/err")" ""
is "and does its work" "$(left)" 3
is "timer and service belong together" "$(basename "$conf/sesskit-gc.timer" .timer)" \
	"$(basename "$conf/sesskit-gc.service" .service)"
folder=$(sed -n 's/^ReadWritePaths=//p' "$conf/sesskit-gc.service")
ok "the service may write in the folder of the store" \
	grep -q "^ExecStart=.*sqlite:$folder/sessions.db" "$conf/sesskit-gc.service"
is "and nowhere else" "$(grep -c -e '^ProtectSystem=strict$' -e '^PrivateTmp=yes$' \
	-e '^ProtectHome=yes$' "$conf/sesskit-gc.service")" 3
empty "it leaves shared memory to the programs" "$(grep '^RemoveIPC' "$conf/sesskit-gc.service")"
empty "each line of the units is a section, a setting or a comment" "$(grep -n -v -E \
	-e '^(#.*|\[(Unit|Service|Timer|Install)\]|[A-Z][A-Za-z]+=.*|)$' "$conf"/sesskit-gc.*)"
done_testing
