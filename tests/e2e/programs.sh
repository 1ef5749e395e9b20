# SPDX-License-Identifier: ISC
# programs.sh - the happy path of each sample program, for the table of servers and programs. What
# else a program does is tested once, behind the demo's server.

all_programs='counter start rotate destroy lifetime setget migrate links login cart online hijack'

# has TEXT: the answer on standard input has it.
has()
{
	cat >"$dir/page"
	grep -qF -e "$1" "$dir/page" || { echo "no $1 in:"; cat "$dir/page"; return 1; }
}

hidden_field()
{
	sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" | head -n 1
}

# send JAR FORM-PATH POST-PATH NAME=VALUE...: get the form, post it with its token, and follow the
# redirect.
send()
{
	send_jar=$1 send_to=$3
	token=$(get "$1" "$2" | hidden_field token)
	shift 3
	for field; do
		shift
		set -- "$@" --data-urlencode "$field"
	done
	get "$send_jar" "$send_to" -L --data-urlencode "token=$token" "$@"
}

cookie_of()
{
	awk '$6 == "sid" { print $7 }' "$dir/$1.jar"
}

count_shown()
{
	sed -n 's/.*class="count">\([0-9]*\)<.*/\1/p'
}

check_counter()
{
	same "$(get counter "/counter$suffix" | count_shown)" 1 &&
		same "$(get counter "/counter$suffix" | count_shown)" 2
}

check_start()
{
	get start "/start$suffix" | has "You have none." &&
		send start "/start$suffix" "/start$suffix" | has "has a record of you now" &&
		get start "/start$suffix" | has "You have one already."
}

check_rotate()
{
	send rotate "/start$suffix" "/start$suffix" | has "has a record of you now" || return
	old=$(cookie_of rotate)
	send rotate "/rotate$suffix" "/rotate$suffix" | has "are new" &&
		get rotate "/rotate$suffix" | has "A new id for the same session" &&
		get nobody "/rotate$suffix" -b "sid=$old" | has "You have no session yet"
}

check_destroy()
{
	send destroy "/start$suffix" "/start$suffix" | has "has a record of you now" || return
	old=$(cookie_of destroy)
	send destroy "/destroy$suffix" "/destroy$suffix" | has "It is gone with all its values" &&
		same "$(cookie_of destroy)" "" &&
		get nobody "/destroy$suffix" -b "sid=$old" | has "You have no session"
}

check_lifetime()
{
	same "$(get lifetime "/lifetime$suffix" | count_shown)" 1 &&
		same "$(get lifetime "/lifetime$suffix" | count_shown)" 2 &&
		same "$(awk 'NF == 7 { print $6 }' "$dir/lifetime.jar")" lifetime
}

check_setget()
{
	answer=$(send setget "/setget$suffix" "/setget$suffix" "note=Grüße & <b>+%41")
	same "$(echo "$answer" | status)" 303 &&
		get setget "/setget$suffix" | has "Grüße &amp; &lt;b&gt;+%41"
}

check_migrate()
{
	send migrate "/setget$suffix" "/setget$suffix" note=moves | has moves || return
	old=$(cookie_of migrate)
	send migrate "/migrate$suffix" "/migrate$suffix" | has "The old id is dead." &&
		get migrate "/setget$suffix" | has moves &&
		get nobody "/setget$suffix" -b "sid=$old" | has "You have set nothing yet."
}

check_links()
{
	page=$(get links "/links$suffix")
	link=$(echo "$page" | sed -n 's/.*href="\(?room=1[^"]*\)".*/\1/p' | sed 's/&amp;/\&/g')
	same "$(echo "$page" | cookie_lines)" "" &&
		same "$(echo "$page" | count_shown)" 1 &&
		same "$(get links "/links$suffix$link" | count_shown)" 2
}

check_login()
{
	send login "/login$suffix" "/login$suffix" name=guest password=wrong | has 'role="alert"' &&
		send login "/login$suffix" "/login$suffix" name=guest "password=$password" |
			has "You are signed in." || return
	old=$(cookie_of login)
	get login "/login$suffix/devices" | has 'last seen' &&
		send login "/login$suffix" "/login$suffix/out" | has "You are signed out" &&
		get nobody "/login$suffix" -b "sid=$old" | has 'name="password"'
}

check_cart()
{
	send cart "/cart$suffix" "/cart$suffix/change" add=Apple | has "In your cart" || return
	order=$(get cart "/cart$suffix/order")
	token=$(echo "$order" | hidden_field token)
	ticket=$(echo "$order" | hidden_field ticket)
	for answer in "Thank you" "more than once"; do
		get cart "/cart$suffix/buy" -L --data-urlencode "token=$token" -d "ticket=$ticket" |
			has "$answer" || return
	done
	get cart "/cart$suffix/receipt" | has "Order <strong>1</strong>"
}

check_online()
{
	get online "/counter$suffix" >"$dir/page" &&
		get online "/online$suffix" | has "<svg" &&
		[ "$(count_shown <"$dir/page")" -ge 1 ]
}

check_hijack()
{
	send hijack "/setget$suffix" "/setget$suffix" note=mine | has mine &&
		send hijack "/hijack$suffix" "/hijack$suffix" defence=rotate | has 'role="status"'
}
