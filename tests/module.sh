# SPDX-License-Identifier: ISC
# module.sh - stores in modules: found in one folder alone, with a remedy where that fails; and the
# password of a store on a server, which the core brings.

: "${top_srcdir:=.}" "${top_builddir:=.}" "${CC:=cc}" "${NM:=nm}"
. "$top_srcdir/tests/tool.sh"
programs=$top_builddir/tests
libraries=$top_builddir/lib/.libs
key=$dir/key
"$sesskit" keygen --quiet "$key" || bail "no key file"

compile="$CC -D_GNU_SOURCE= -I$top_srcdir/lib"
mkdir "$dir/modules" "$dir/none" "$dir/broken"
$compile -shared -fPIC -o "$dir/modules/sesskit_redis.so" "$top_srcdir/tests/fake_module.c" ||
	bail "the module does not compile"
cp "$dir/modules/sesskit_redis.so" "$dir/modules/sesskit_mysql.so"
echo "no module" >"$dir/broken/sesskit_redis.so"

# try URL [NAME VALUE]...: "open", or the error.
try()
{
	try_url=$1
	shift
	"$programs/module_open" "$dir/modules" store "$try_url" "$@"
}

# says NAME TEXT COMMAND...: it fails, and its error has TEXT in it.
says()
{
	says_name=$1 says_text=$2
	shift 2
	ok "$says_name" has_text "$says_text" "$("$@")"
}

has_text()
{
	case $2 in *"$1"*) ;; *) printf 'got:  %s\nwant: %s\n' "$2" "$1"; return 1 ;; esac
}

is "a module that is not there" "$("$programs/module_open" "$dir/none" store redis://h)" \
	"store: \"redis:\" needs a module that is not installed: install the package \
libsesskit-redis (there is no $dir/none/sesskit_redis.so)"
says "one that is no module is said to be so" 'cannot be loaded: ' \
	"$programs/module_open" "$dir/broken" store redis://h
says "with the package to install" 'install the package libsesskit-redis' \
	"$programs/module_open" "$dir/broken" store redis://h
says "one of another version" 'sesskit_mysql.so is no module for this version' try mysql://h
says "no kind of store at all" \
	'is no kind of store; this library has sqlite:, memory:, file:, cookie:, move:, redis:, mysql:' \
	try rediss://ann:secret@h
ok "has no more of the URL in its error" [ "$(try rediss://ann:secret@h | grep -c secret)" = 0 ]
says "nor is one of a kind of files" '"sqlite+unix" is no kind of store' try "sqlite+unix:$dir/x"

told="user ann, host h1,h2:7, path /m x, query a=%26, password"
is "a module gets the parts of the URL, and what it needs of the library" \
	"$(try 'redis+sentinel://ann@h1,h2:7/m%20x?a=%26' busy_ms 77)" \
	"kind sentinel, $told , 77 ms"
says "a store on a server needs a key file" 'is shared between machines and needs a key file' \
	try redis://h/open
is "with one it opens" "$(try redis://h/open key_file "$key")" open
says "a password in the URL is refused before" 'password_file' try redis://ann:secret@h/open
ok "and not repeated" [ "$(try redis://ann:secret@h/open | grep -c secret)" = 0 ]

# password TEXT [MODE]: what the store gets from such a file, or the error.
password()
{
	rm -f "$dir/password"
	printf "$1" >"$dir/password"
	chmod "${2:-600}" "$dir/password"
	try redis://h password_file "$dir/password" | sed 's/.*, password \(.*\), 5000 ms.*/\1/'
}
is "a password out of a file" "$(password 'open sesame\n')" "open sesame"
is "its line need not end" "$(password ' s@:%%ame ' 400)" " s@:%ame "
is "or may end as on Windows" "$(password 'sesame\r\n')" "sesame"
says "a second line" 'has more than one line' password 'sesame\nopen\n'
ok "is not repeated" [ "$(password 'sesame\nopen\n' | grep -c -e sesame -e open)" = 0 ]
says "a control character" 'or a control character' password 'ses\000ame\n'
says "an empty file" 'is empty' password ''
says "an empty line" 'is empty' password '\n'
says "a file that others may read" 'has mode 0644, which must be 0600 or 0400; run chmod 600' \
	password 'sesame\n' 644
says "has to be followed by a new password" 'choose a new password' password 'sesame\n' 644
says "a file that is not there" 'there is no password file; make it' \
	try redis://h password_file "$dir/nothing"
ln -s "$dir/password" "$dir/link"
says "a symbolic link" 'is a symbolic link; let password_file name the file' \
	try redis://h password_file "$dir/link"

SESSKIT_STORE_PASSWORD=sesame
export SESSKIT_STORE_PASSWORD
says "a password out of the environment" 'password sesame,' try redis://h
is "comes before that of a file" "$(password 'other\n')" sesame
is "and is nothing to other stores" "$(try memory:)" open
unset SESSKIT_STORE_PASSWORD
is "which look at no file of one either" "$(try memory: password_file "$dir/nothing")" open
says "a request header is no password" 'password ,' \
	env HTTP_SESSKIT_STORE_PASSWORD=sesame "$programs/module_open" "$dir/modules" store redis://h

# -- the command ---------------------------------------------------------------------------------

# command ARGUMENT...: with these modules; what it prints, on one line.
command()
{
	SESSKIT_TEST_MODULES=$dir/modules "$programs/tool_modules" "$@" 2>&1 | tr '\n' ' '
}
says "the command loads modules" "host h, path , query , password , 50 ms" \
	command list --store redis://h --set busy_ms=50 --set "key_file=$key"
rm -f "$dir/password"
echo sesame >"$dir/password"
chmod 600 "$dir/password"
doctor="doctor --store redis://h$key --set key_file=$key --set password_file=$dir/password"
says "doctor lets a store on a server be examined, with its password" "the server opens itself" \
	command $doctor
ok "and asks for no owner of it" [ "$(command $doctor | grep -c 'belongs to user')" = 0 ]
chmod 644 "$dir/password"
says "a password that others can read is a fault" "FAULT    $dir/password: has mode 0644" \
	command $doctor
says "and so is a missing key file" "needs a key file" \
	command doctor --store redis://h/open

# A program without a loader says so, rather than that something is not installed.
ok "a static program links" $compile -static -o "$dir/static" "$top_srcdir/tests/module_open.c" \
	"$libraries/libsesskit_core.a" -lsqlite3 -lsodium -lm
says "it can load no module, and says so" 'which is linked statically, can load none' \
	"$dir/static" "$dir/modules" store redis://h
is "other stores work" "$("$dir/static" "$dir/modules" store memory:)" open

# -- modules of this build -----------------------------------------------------------------------

taken='sess_fail
sess_sink_put'
ok "the command has what modules take" [ "$($NM -D --defined-only \
	"$top_builddir/fcgi-apps/tools/sesskit" | awk '{ print $NF }' | grep -c -x "$taken")" = 2 ]
for module in "$libraries"/sesskit_redis.so "$libraries"/sesskit_mysql.so; do
	[ -e "$module" ] || continue
	name=${module##*sesskit_}
	name=${name%.so}
	is "$name: exports its provider alone" \
		"$($NM -D --defined-only "$module" | awk '{ print $NF }')" "sess_provider_$name"
	is "$name: takes two functions of the library" \
		"$($NM -D -u "$module" | awk '$NF ~ /^sess_/ { print $NF }' | sort)" "$taken"
	is "$name: loads, and finds no server" "$("$programs/module_open" "$libraries" \
		store "$name://127.0.0.1:1/0" key_file "$key" busy_ms 50 | grep -c -i module)" 0
done
done_testing
