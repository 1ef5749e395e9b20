# SPDX-License-Identifier: ISC
# clients.sh - curl, wget and Python's http.cookiejar, each with a cookie jar of its own kind: sign
# in, be known by name, sign out, be a stranger. The demo runs as its user starts it.

. "${top_srcdir:=.}/tests/e2e/site.sh"

# Whom a page greets.
greeted()
{
	sed -n 's/.*Hello, <strong>\([^<]*\)<.*/\1/p'
}

with_curl()
{
	says "curl: at first there is a form" "$(visit curl /login$suffix)" 'name="password"'
	is "curl signs in" "$(post curl /login$suffix -L -d name=guest \
		--data-urlencode "password=$password" | greeted)" guest
	is "is known again" "$(visit curl /login$suffix | greeted)" guest
	copy_jar curl copy
	token=$(visit curl /login$suffix | form_token)
	# Without -L: curl 7.88 would write a cookie that it lost on the way back into its jar.
	is "signs out" "$(visit curl /login$suffix/out --data-urlencode "token=$token" |
		header Location)" "Location: /login$suffix/bye"
	says "which is told" "$(visit curl /login$suffix/bye)" "You are signed out"
	is "has no cookie then" "$(cookie curl sid)" ""
	is "is a stranger" "$(visit curl /login$suffix | greeted)" ""
	is "and so is who copied its jar" "$(visit copy /login$suffix | greeted)" ""
}

# fetch PATH [WGET OPTION]...: a page, by wget; an answer that is an error is printed, too.
fetch()
{
	fetch_path=$1
	shift
	wget -q -O - --timeout=20 --tries=1 --load-cookies="$dir/wget.jar" \
		--save-cookies="$dir/wget.jar" --keep-session-cookies --content-on-error \
		"$@" "$url$fetch_path"
}

# Sign in with an empty jar, and print the page that this leads to. The form goes by a file: the
# password is not to be seen in the list of processes.
wget_signs_in()
{
	: >"$dir/wget.jar"
	token=$(fetch /login$suffix | form_token)
	printf 'name=guest&password=%s&token=%s' "$password" "$token" >"$dir/form"
	fetch /login$suffix --post-file="$dir/form"
}

with_wget()
{
	is "wget signs in" "$(wget_signs_in | greeted)" guest
	is "is known again" "$(fetch /login$suffix | greeted)" guest
	is "by a cookie" "$(cookie wget sid | wc -c)" 44
	token=$(fetch /login$suffix | form_token)
	says "signs out" "$(fetch /login$suffix/out --post-data="token=$token")" \
		"You are signed out"
	is "has no cookie then" "$(cookie wget sid)" ""
	says "and is a stranger" "$(fetch /login$suffix)" 'name="password"'
}

with_python()
{
	is "Python signs in, is known, signs out, and is a stranger" \
		"$(echo "$password" | python3 "$top_srcdir/tests/e2e/clients.py" \
			"$url/login$suffix" 2>&1)" \
		"before: nobody, no cookie
signed in: guest, cookie
loaded again: guest, cookie
signed out: nobody, no cookie
loaded again: nobody, no cookie"
}

# A client without a face shows up by name where the user looks for strangers.
in_devices()
{
	post list$suffix /login$suffix -A 'Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0' \
		-d name=guest --data-urlencode "password=$password" >"$dir/answer"
	wget_signs_in >"$dir/answer"
	devices=$(visit list$suffix /login$suffix/devices)
	says "wget is in the list of devices" "$devices" "Wget on"
	ref=$(echo "$devices" | sed -n '/Wget on/,$p' |
		sed -n 's/.*name="ref" value="\([^"]*\)".*/\1/p' | head -n 1)
	visit list$suffix /login$suffix/devices -d "ref=$ref" \
		--data-urlencode "token=$(echo "$devices" | form_token)" >"$dir/answer"
	says "and is told when it was ended there" "$(fetch /login$suffix)" \
		"This session was ended from another place."
}

start_demo
password=$(sed -n 's/^Signing in.*password //p' "$dir/demo.out")
for suffix in '' .cgi; do
	with_curl
	with_wget
	with_python
	in_devices
done
stop_demo
is "SIGTERM ends the demo cleanly" "$?" 0
done_testing
