# SPDX-License-Identifier: ISC
# login.sh - login, cart, online and hijack behind the demo's server, visited with curl as FastCGI
# and as CGI.

. "${top_srcdir:=.}/tests/e2e/site.sh"

firefox='Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
safari='Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1'

# send JAR FORM TO [CURL OPTION]...: get a page of the program, and send its form to another.
send()
{
	token=$(visit "$1" "$program$suffix$2" | form_token)
	send_jar=$1 send_to=$program$suffix$3
	shift 3
	visit "$send_jar" "$send_to" --data-urlencode "token=$token" "$@"
}

see()
{
	see_jar=$1 see_path=$program$suffix$2
	shift 2
	visit "$see_jar" "$see_path" "$@"
}

# sign_in JAR [CURL OPTION]...: as the guest.
sign_in()
{
	sign_in_jar=$1
	shift
	send "$sign_in_jar" '' '' -d name=guest --data-urlencode "password=$password" "$@"
}

sql()
{
	sqlite3 "$dir/data/sessions.db" "$1"
}

# leads NAME ANSWER PATH: to a page of the program, by GET.
leads()
{
	is "$1" "$(echo "$2" | status; echo "$2" | header Location)" "HTTP/1.1 303 See Other
Location: $program$suffix$3"
}

is_signed_out()
{
	says "$1" "$(see "$2" '')" 'name="password"'
}

# -- login ---------------------------------------------------------------------------------------

# What does not depend on who asks.
same_for_all()
{
	sed 's/name="token" value="[^"]*"//; s/name="name" value="[^"]*"//
		/^Date:/d; /^Set-Cookie:/d'
}

wrong_passwords()
{
	rows=$(sql 'SELECT count(*) FROM session')
	says "login$suffix: at first there is a form" "$(see new$suffix '')" 'name="password"'
	wrong=$(send new$suffix '' '' -d name=guest -d password=wrong)
	is "a wrong password is refused" "$(echo "$wrong" | status)" "HTTP/1.1 403 Forbidden"
	says "at the field" "$wrong" 'aria-invalid="true" aria-describedby="error"'
	says "the name is kept" "$wrong" 'value="guest"'
	unknown=$(send new$suffix '' '' -d name=ghost -d password=wrong)
	is "an unknown name is told the same" "$(echo "$unknown" | same_for_all)" \
		"$(echo "$wrong" | same_for_all)"
	says "no name is markup" \
		"$(send new$suffix '' '' --data-urlencode 'name="><i>' -d password=x)" \
		'value="&quot;&gt;&lt;i&gt;"'
	is "a form without a name is refused" \
		"$(send new$suffix '' '' -d password=x | status)" "HTTP/1.1 403 Forbidden"
	is "guesses store nothing" "$(sql 'SELECT count(*) FROM session')" "$rows"
	is "and leave no session" "$(cookie new$suffix sid)" ""
}

# A session from before, of which somebody has a copy.
good_password()
{
	program=/setget
	send one$suffix '' '' -d note=mine >"$dir/answer"
	program=/login
	copy_jar one$suffix thief
	leads "login$suffix: the right password leads on" "$(sign_in one$suffix)" ''
	says "with a word" "$(see one$suffix '')" "You are signed in."
	again=$(see one$suffix '')
	lacks "said once" "$again" "You are signed in."
	says "who it is stays" "$again" "<strong>guest</strong>"
	says "and so do the values" "$(visit one$suffix /setget)" "mine"
	ok "the id is new" [ "$(cookie one$suffix sid)" != "$(cookie thief sid)" ]
	says "a copy of the old one is nobody" "$(see thief '')" "went on under a new id"
	short=$(sign_in short$suffix | cookie_lines | grep 'sid=')
	says "the cookie ends with the browser" "$short" "Path=/; HttpOnly"
	lacks "for which nothing needs to be said" "$short" Max-Age
	says "or stays for 30 days, if wished" \
		"$(sign_in long$suffix -d remember=yes | cookie_lines)" "Max-Age=2592000"
}

devices()
{
	program=/login
	sign_in one$suffix -A "$firefox" >"$dir/answer"
	sign_in two$suffix -A "$safari" >"$dir/answer"
	list=$(see one$suffix /devices)
	says "login$suffix: the other device is in the list" "$list" "Safari on an iPhone"
	says "each by its name for itself" "$list" "Firefox on Linux"
	is "and this one is marked" "$(echo "$list" | grep -c '(this one)')" 1
	says "with its address" "$list" "127.0.0.1, last seen"
	two=$(see two$suffix /devices | own_ref)
	leads "it can be ended" "$(send one$suffix /devices /devices -d "ref=$two")" /devices
	says "which is told" "$(see one$suffix /devices)" "That device is signed out."
	says "there, too" "$(see two$suffix '')" "This session was ended from another place."

	send bob$suffix '' '' -d name=bob -d password=builder >"$dir/answer"
	bob=$(see bob$suffix /devices | own_ref)
	is "bob has a device" "${#bob}" 43
	send one$suffix /devices /devices -d "ref=$bob" >"$dir/answer"
	says "which the guest cannot end" "$(see bob$suffix '')" "<strong>bob</strong>"
	says "and is told so" "$(see one$suffix /devices)" "You are not signed in on that device."
	own=$(see one$suffix /devices | own_ref)
	for ref in x "" "${own}x" "$own%00"; do
		is "a ref is checked" "$(send one$suffix /devices /devices -d "ref=$ref" \
			-o "$dir/answer" -w '%{http_code}')" 303
	done
	says "and the guest stays signed in" "$(see one$suffix '')" "<strong>guest</strong>"
}

# The ref of the device that looks.
own_ref()
{
	sed -n '/(this one)/,$p' | sed -n 's/.*name="ref" value="\([^"]*\)".*/\1/p' | head -n 1
}

# Five minutes pass for the guest. As a program, for a hand may not do this.
age_login()
{
	sqlite3 -cmd '.dbconfig enable_trigger off' "$dir/data/sessions.db" \
		"UPDATE session SET login = login - 301 WHERE user = 'guest'" >"$dir/answer" ||
		bail "cannot change the time of the login"
}

confirm()
{
	is "login$suffix: soon after the login all is open" "$(see one$suffix /name | status)" \
		"HTTP/1.1 200 OK"
	age_login
	leads "later, what matters asks" "$(see one$suffix /name)" /confirm
	leads "also who comes without asking" "$(send one$suffix /confirm /name -d name=Mallory)" \
		/confirm
	lacks "and changes nothing" "$(see one$suffix '')" Mallory
	is "a wrong password does not do" "$(send one$suffix /confirm /confirm \
		-d password=wrong | status)" "HTTP/1.1 403 Forbidden"
	leads "so that it is still asked" "$(see one$suffix /name)" /confirm
	copy_jar one$suffix thief
	leads "the right one does" "$(send one$suffix /confirm /confirm \
		--data-urlencode "password=$password")" /name
	is_signed_out "and the old id is dead" thief
	named=$(send one$suffix /name /name --data-urlencode 'name=Zoë <b>')
	leads "the name is taken" "$named" ''
	says "and is no markup" "$(see one$suffix '')" "<strong>Zoë &lt;b&gt;</strong>"
	is "a name of two lines is not" \
		"$(send one$suffix /name /name --data-urlencode "name=a
b" -o "$dir/answer" -w '%{http_code}')" 422
}

sign_out()
{
	see one$suffix /out >"$dir/answer"
	says "login$suffix: an address alone signs nobody out" "$(see one$suffix '')" "Sign out"
	copy_jar one$suffix thief
	out=$(send one$suffix '' /out)
	leads "the button does" "$out" /bye
	says "the cookie goes" "$(echo "$out" | cookie_lines)" "sid=;"
	says "and a copy is told so" "$(see thief '')" "You have signed out."
	leads "nobody sees devices then" "$(see one$suffix /devices)" ''

	for jar in one$suffix two$suffix three$suffix; do
		sign_in "$jar" >"$dir/answer"
	done
	leads "all others can be signed out" "$(send one$suffix /devices /others)" /devices
	says "this one stays" "$(see one$suffix '')" "<strong>guest</strong>"
	is_signed_out "the others do not" two$suffix
	sign_in two$suffix >"$dir/answer"
	leads "or everywhere" "$(send one$suffix '' /everywhere)" /bye
	is_signed_out "this one" one$suffix
	is_signed_out "and the other" two$suffix
	is "no session of the guest is left" "$(sql "SELECT count(*) FROM session
		WHERE user = 'guest'")" 0
	says "bob's are" "$(see bob$suffix '')" "<strong>bob</strong>"
}

# The waits grow with each guess, so that some guess comes too soon however slow the machine is.
# What was counted is taken away again instead of waiting.
guesses()
{
	rm -f "$dir/data/users.guesses"
	for guess in 1 2 3 4 5 6 7 8 9 10 11 12; do
		refused=$(send guess$suffix '' '' -d name=guest -d "password=$guess")
		! contains "$refused" "429 Too Many" >"$dir/answer" || break
	done
	ok "login$suffix: five guesses are free" [ $guess -gt 5 ]
	is "then one must wait" "$(echo "$refused" | status)" "HTTP/1.1 429 Too Many Requests"
	says "which is told" "$refused" "wait a minute"
	rm -f "$dir/data/users.guesses"
	leads "but not for ever" "$(sign_in guess$suffix)" ''
}

bad_files()
{
	chmod 644 "$dir/data/users"
	fault=$(sign_in fault)
	chmod 600 "$dir/data/users"
	is "login$suffix: passwords that others can read are not used" "$(echo "$fault" | status)" \
		"HTTP/1.1 503 Service Unavailable"
	lacks "the page does not name the file" "$fault" "$dir"
	says "the log does, with the remedy" \
		"$(cat "$dir/data/programs.log" "$dir/data/error.log")" "users: must have mode 0600"
	empty "no password was written to any file" "$(grep -rlF -e "$password" "$dir/data")"
}

# -- cart ----------------------------------------------------------------------------------------

# in_cart WORD: how many, on the page of standard input.
in_cart()
{
	sed -n "s/.*<th scope=\"row\">$1<\/th><td class=\"number\">\([0-9]*\)<.*/\1/p"
}

ticket()
{
	sed -n 's/.*name="ticket" value="\([^"]*\)".*/\1/p'
}

# Twenty connections put in forty apples.
fill_cart()
{
	program=/cart
	leads "cart$suffix: nothing can be ordered from an empty cart" "$(see one$suffix /order)" ''
	leads "a thing is put in" "$(send one$suffix '' /change -d add=Bread)" ''
	is "and is there" "$(see one$suffix '' | in_cart Bread)" 1
	token=$(see one$suffix '' | form_token)
	seq 40 | xargs -P 20 -I '{}' curl -s -m 60 -o /dev/null -b "$dir/one$suffix.jar" \
		-d add=Apple --data-urlencode "token=$token" "$url/cart$suffix/change"
	is "what many tabs put in at once is all there" "$(see one$suffix '' | in_cart Apple)" 40
	send one$suffix '' /change -d remove=Apple >"$dir/answer"
	is "one is taken out" "$(see one$suffix '' | in_cart Apple)" 39
	see one$suffix '/change?add=Apple' >"$dir/answer"
	is "an address alone puts nothing in" "$(see one$suffix '' | in_cart Apple)" 39
	send one$suffix '' /change -d remove=Honey >"$dir/answer"
	is "but none that is not there" "$(see one$suffix '' | in_cart Honey)" ""
}

# The order is sent by eight connections at once.
buy_once()
{
	order=$(see one$suffix /order)
	ticket=$(echo "$order" | ticket)
	token=$(echo "$order" | form_token)
	seq 8 | xargs -P 8 -I '{}' curl -s -m 60 -o /dev/null -b "$dir/one$suffix.jar" \
		-w '%{http_code} %{redirect_url}\n' --data-urlencode "token=$token" \
		-d "ticket=$ticket" "$url/cart$suffix/buy" | sed "s|$url||; s/=.*//" |
		sort | uniq -c | sed 's/^ *//' >"$dir/answer"
	is "cart$suffix: of eight orders with one form, one buys" "$(cat "$dir/answer")" \
		"1 303 /cart$suffix/receipt
7 303 /cart$suffix/receipt?again"
	receipt=$(see one$suffix /receipt)
	says "the receipt is for one order" "$receipt" "Order <strong>1</strong>"
	is "of all that was in the cart" "$(echo "$receipt" | in_cart Apple)" 39
	says "which is empty now" "$(see one$suffix '')" "Nothing yet."

	send one$suffix '' /change -d add=Honey >"$dir/answer"
	again=$(send one$suffix '' /buy -d "ticket=$ticket" -L)
	says "who goes back and sends it again is told" "$again" \
		"You sent this order more than once."
	says "and has still bought once" "$again" "Order <strong>1</strong>"
	is "what was put in since stays" "$(see one$suffix '' | in_cart Honey)" 1
	says "a ticket that was never given buys nothing" \
		"$(send one$suffix '' /buy -d ticket=AAAAAAAAAAAAAAAAAAAAAA -L)" \
		"bought nothing more"
	says "nor does none" "$(send one$suffix '' /buy -L)" "Order <strong>1</strong>"
	send one$suffix /order /buy -d "ticket=$(see one$suffix /order | ticket)" >"$dir/answer"
	says "a new form buys anew" "$(see one$suffix /receipt)" "Order <strong>2</strong>"
	is "an order of somebody else is none of yours" \
		"$(see two$suffix /receipt | grep -c 'Nothing was bought yet.')" 1
}

# -- online --------------------------------------------------------------------------------------

online()
{
	program=/online
	before=$(sql 'SELECT count(*), max(seen) FROM session')
	all=$(sql "SELECT count(*) FROM session WHERE expires > unixepoch()")
	users=$(sql "SELECT count(*) FROM session WHERE user IS NOT NULL AND expires > unixepoch()")
	page=$(see one$suffix '')
	says "online$suffix: counts everybody" "$page" "<p class=\"count\">$all</p>"
	says "by kind" "$page" "$users signed in, $((all - users)) anonymous"
	says "what happened is drawn" "$page" '<rect class="bar"'
	is "and stands in a table of an hour" "$(echo "$page" | grep -c '<tr><th scope="row">')" 60
	is "to look changes nothing" "$(sql 'SELECT count(*), max(seen) FROM session')" "$before"
	lacks "and gives nobody a session" "$(see nobody$suffix '' | cookie_lines)" "sid="
}

# -- hijack --------------------------------------------------------------------------------------

# What the thief with the visitor's own cookie came to.
stolen()
{
	send "$1" '' '' -d "defence=$2" -L | sed -n 's/.*role="status">\(The[^<]*\)<.*/\1/p'
}

hijack()
{
	program=/hijack
	is "hijack$suffix: there is nothing to steal at first" "$(stolen victim$suffix none)" \
		"There was nothing to steal: you had no session. This message has just given you one."
	visit victim$suffix /counter >"$dir/answer"
	is "a copy is as good as the cookie" "$(stolen victim$suffix none)" \
		"The thief is taken for you: signed in as nobody, with 1 of your values to read."
	old=$(cookie victim$suffix sid)
	is "a new id makes it worthless" "$(stolen victim$suffix rotate)" \
		"The thief is turned away: this id was given up for a new one."
	ok "and is new" [ "$(cookie victim$suffix sid)" != "$old" ]
	says "the owner goes on" "$(visit victim$suffix /counter)" 'class="count">2<'
	is "so does signing out" "$(stolen victim$suffix leave)" \
		"The thief is turned away: its owner has signed out."
	says "for the owner as well" "$(visit victim$suffix /counter)" 'class="count">1<'
	is "on the stage, this happens" "$(see victim$suffix '' | sed -n \
		's/.*: the \([a-z]*\) .*<strong>is \([a-z ]*\).*/\1 \2/p')" "thief let in
thief turned away
owner let in
thief let in
thief turned away
thief let in
owner let in
owner let in
thief turned away
owner turned away
thief let in
thief let in
thief let in
owner turned away
thief turned away
thief let in
thief turned away
owner let in"
	is "and those get new ids" "$(see victim$suffix '' |
		sed -n 's/.*: the \(.*\), gets a new id.*/\1/p' | sort | uniq -c | sed 's/^ *//')" \
		"5 owner begins a session
1 owner loads a page
1 owner signs in
1 thief loads a page"
}

all_of_it()
{
	program=/login
	rm -f "$dir"/*.jar "$dir/data/users.guesses"
	wrong_passwords
	good_password
	devices
	confirm
	sign_out
	guesses
	bad_files
	fill_cart
	buy_once
	online
	hijack
}

(umask 077 && mkdir "$dir/data" && echo builder | "$top_builddir/fcgi-apps/login" --hash bob \
	>"$dir/data/users") || bail "no password file"
hashed=$(echo x | "$top_builddir/fcgi-apps/login" --hash a:b 2>"$dir/answer" || echo refused)
is "a user's name may have no colon" "$hashed" refused
says "which is told" "$(cat "$dir/answer")" "without a colon"

start_demo
password=$(sed -n 's/.*user guest, password \(.*\)/\1/p' "$dir/demo.out")
is "the demo makes a password" "${#password}" 18
for suffix in '' .cgi; do
	all_of_it
done
stop_demo
is "SIGTERM ends the demo cleanly" "$?" 0

start_demo FCGI_WORKERS=2 FCGI_THREADS=3
old=$password
password=$(sed -n 's/.*user guest, password \(.*\)/\1/p' "$dir/demo.out")
ok "at each start it is another" [ "$password" != "$old" ]
suffix=
all_of_it
stop_demo
is "SIGTERM ends processes and threads" "$?" 0
empty "no page went out unfinished" "$(grep -i fault "$dir/data/programs.log")"
done_testing
