# SPDX-License-Identifier: ISC
# spawn.sh - FastCGI programs without a web server: as spawn-fcgi, multiwatch and the systemd units
# start them, asked by cgi-fcgi.

. "${top_srcdir:=.}/tests/e2e/server.sh"
socket=

# ask [COOKIE [PATH]]: the probe's answer to one request.
ask()
{
	env -i REQUEST_METHOD=GET SCRIPT_NAME=/probe PATH_INFO="$2" QUERY_STRING= \
		REMOTE_ADDR=127.0.0.1 HTTP_COOKIE="${1:+sid=$1}" \
		cgi-fcgi -bind -connect "$socket" | tr -d '\r'
}

count_is()
{
	same "$(ask "$2" | fact count)" "$1"
}

new_session()
{
	ask | sed -n 's/^Set-Cookie: sid=\([^;]*\);.*/\1/p'
}

accepts()
{
	[ -S "$socket" ] && [ -n "$(new_session)" ]
}

# ask_held COOKIE: as hold in checks.sh, without a web server.
ask_held()
{
	$as_user touch "$dir/programs/hold"
	ask "$1" /hold >"$dir/held-answer" &
	client=$!
	await is_held
}

# finishes COOKIE COMMAND...: a request under way when the command is run is answered nevertheless.
finishes()
{
	ask_held "$1" || return
	shift
	"$@"
	release
	same "$(fact count <"$dir/held-answer")" 2
}

# -- spawn-fcgi: processes of their own, which nobody watches --------------------------------------

spawned()
{
	socket=$dir/run/spawned.socket
	env SESSKIT_STORE="sqlite:$dir/data/sessions.db" $as_user spawn-fcgi -s "$socket" -F 2 \
		-P "$dir/run/pids" -- "$dir/programs/probe" >"$dir/run/output" 2>&1 ||
		bail "spawn-fcgi: $(cat "$dir/run/output")"
	set -- $(cat "$dir/run/pids")
	processes="$processes $*"
	ok "spawn-fcgi: a program serves" await accepts
	session=$(new_session)
	ok "spawn-fcgi: a session goes on" count_is 2 "$session"
	is "spawn-fcgi: there are two processes" "$#" 2
	kill -KILL "$1"
	await is_gone "$1"
	ok "spawn-fcgi: the other serves when one was killed" count_is 3 "$session"
	ok "spawn-fcgi: SIGTERM lets a request finish" finishes "$(new_session)" kill "$2"
	ok "spawn-fcgi: and ends the program" await is_gone "$2"
}

# -- multiwatch: processes that are replaced ------------------------------------------------------

workers()
{
	xargs <"/proc/$started/task/$started/children"
}

worker_count_is()
{
	[ "$(workers | wc -w)" = "$1" ]
}

# workers_replace PID...: there are as many, but none of these.
workers_replace()
{
	worker_count_is $# || return
	for old; do
		case " $(workers) " in *" $old "*) return 1 ;; esac
	done
}

# multiwatch tells its workers: the one without a request is gone at once.
end_idle_worker()
{
	kill "$started"
	await worker_count_is 1
}

watched()
{
	start_programs
	socket=$dir/run/probe.socket
	ok "multiwatch: a program serves" await accepts
	session=$(new_session)
	ok "multiwatch: there are two processes" await worker_count_is 2
	set -- $(workers)
	kill -KILL "$@"
	ok "multiwatch: killed ones are replaced" await workers_replace "$@"
	ok "multiwatch: and the session goes on" count_is 2 "$session"
	ok "multiwatch: SIGTERM lets a request finish" finishes "$(new_session)" end_idle_worker
	ok "multiwatch: and ends all of it" await is_gone "$started"
}

# -- systemd: started by the first request ---------------------------------------------------------

# The values of a setting of the service, for the probe, and its store in this folder.
unit()
{
	sed -n "s/^$1=//p" "$dir/conf/sesskit-sample@.service" |
		sed -e 's/%i/probe/g' -e "s|/var/lib/sesskit|$dir/data|g"
}

# verified KIND [SED-COMMAND]: what systemd says of the unit of this kind, perhaps edited.
verified()
{
	for kind in service socket; do
		sed -e "$2" "$dir/conf/sesskit-sample@.$kind" \
			>"$dir/conf/sesskit-sample@probe.$kind"
	done
	systemd-analyze verify --man=no "$dir/conf/sesskit-sample@probe.$1" 2>&1
}

# What systemd does, by its own tool: that hands the socket over as descriptor 3, and the shell
# moves it to where the unit wants it.
activated()
{
	socket=$dir/run/activated.socket
	is "systemd: the socket is to be standard input" "$(unit StandardInput)" socket
	start env $(unit Environment) systemd-socket-activate -l "$socket" \
		-E SESSKIT_STORE -E FCGI_WORKERS sh -c 'exec "$0" <&3 3<&-' "$(unit ExecStart)"
	await test -S "$socket" || bail "systemd-socket-activate: $(cat "$dir/run/output")"
	ok "systemd: nothing runs before the first request" no_program
	ok "systemd: the first request starts the program" await accepts
	session=$(new_session)
	ok "systemd: a session goes on" count_is 2 "$session"
	ok "systemd: the program has two processes" await worker_count_is 1
	ok "systemd: SIGTERM lets a request finish" finishes "$(new_session)" kill "$started"
	wait "$started"
	is "systemd: and ends all of it, with success" "$?" 0
}

no_program()
{
	! tr '\0' ' ' <"/proc/$started/cmdline" | grep '^[^ ]*/probe '
}

prepare
configure
spawned
watched
empty "systemd-analyze has no complaint about the service" "$(verified service)"
empty "systemd-analyze has no complaint about the socket" "$(verified socket)"
ok "systemd-analyze would complain" test -n "$(verified service s/StandardInput/StandartInput/)"
activated
stop_all
empty "no process is left" "$(leftovers)"
done_testing
