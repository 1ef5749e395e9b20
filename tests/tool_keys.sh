# SPDX-License-Identifier: ISC
# tool_keys.sh - "sesskit keygen" and "sesskit key": files that only their owner reads, that are
# never overwritten and never torn, and visitors who stay signed in over a rotation.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

key()
{
	"$sesskit" key --store "$store" "$@"
}
file=$dir/sessions.db.key
names()
{
	key list | awk '{ print $2 }' | tr '\n' ' '
}
# secrets [FILE]: the keys in it, which only this test may see.
secrets()
{
	sed -n 's/^[^#][^ ]* \(.*\)/\1/p' "${1:-$file}"
}
strays()
{
	ls -A "$dir" | grep '\.key\.'
}

# -- a new file ----------------------------------------------------------------------------------

made=$("$sesskit" keygen "$dir/new.key")
is "keygen says what it made" "$made" "made $dir/new.key, key 1"
is "only its owner can read it" "$(stat -c %a "$dir/new.key")" 600
is "even when the umask would let others" "$(umask 0; "$sesskit" keygen --quiet "$dir/wide.key"
	stat -c %a "$dir/wide.key")" 600
is "it holds one key" "$(secrets "$dir/new.key" | grep -c '^[A-Za-z0-9_-]\{43\}$')" 1
ok "another file has another one" [ "$(secrets "$dir/new.key")" != "$(secrets "$dir/wide.key")" ]
before=$(cat "$dir/new.key")
fails "a file that is there" 73 "new.key: is there already" keygen "$dir/new.key"
is "stays as it is" "$(cat "$dir/new.key")" "$before"
ln -s "$dir/nothing" "$dir/link.key"
fails "a symbolic link" 73 "is there already" keygen "$dir/link.key"
ok "is not followed" [ ! -e "$dir/nothing" ]
fails "a folder that is not there" 66 "/missing/k: No such file" keygen "$dir/missing/k"
fails "two files" 64 "expected one file at most" keygen "$dir/a" "$dir/b"
is "without a name it is the file of the store" "$("$sesskit" keygen --store "$store" --json)" \
	"{\"done\":\"made\",\"file\":\"$file\",\"key\":\"1\"}"
is "or that of the settings" "$("$sesskit" keygen --set "key_file=$dir/set.key")" \
	"made $dir/set.key, key 1"
is "programs take it" "$(refs 1 | wc -l)" 1
fails_code=73 fails_text="full.key: cannot make the key file: File too large"
ok "a full disk" check_failure full "$sesskit" keygen "$dir/full.key"
ok "leaves no file" [ ! -e "$dir/full.key" ]
empty "nor half of one" "$(strays)"

# -- names ---------------------------------------------------------------------------------------

is "list has the names" "$(names)" "1 "
is "and no key" "$({ key list; key list --json; } | grep -c -F -e "$(secrets)")" 0
empty "its JSON is valid" "$(key list --json | json_faults)"
fails "a file that is not there" 66 "no.key: No such file" key list --set "key_file=$dir/no.key"
cp "$file" "$dir/open.key" && chmod 644 "$dir/open.key"
fails "a file that others can read" 78 "has mode 0644, which must be 0600" \
	key list --set "key_file=$dir/open.key"
fails "what is not to be done" 64 '"lst": expected list or rotate' key lst
fails "nothing to be done" 64 "expected list or rotate" key
fails "an option of the other" 64 "--drop-older goes with rotate" key list --drop-older

# -- rotation ------------------------------------------------------------------------------------

rm -f "$dir"/sessions.db*
"$fill" "$store" 1 user=alice >"$dir/filled"
token=$(cut -d ' ' -f 2 "$dir/filled")
old=$(secrets)
sed -i '1i # of the site' "$file"
chmod 400 "$file"
today=$(date -u +%Y-%m-%d)
said=$(key rotate | head -n 1)
# At midnight the day may have changed meanwhile.
day=$(printf '%s\n' "$today" "$(date -u +%Y-%m-%d)" | grep -m 1 -F "${said##* }")
is "rotate names the new key by the day" "$said" "rotated $file, key $day"
is "which stands before the other" "$(names)" "$day 1 "
is "that is the same as it was" "$(secrets | tail -n 1)" "$old"
is "comments stay" "$(head -n 1 "$file")" "# of the site"
is "so does the mode" "$(stat -c %a "$file")" 400
ok "it says that programs must be started again" sh -c "\"$sesskit\" key rotate --store '$store' |
	grep -q 'restart them all'"
is "--quiet says nothing" "$(key rotate --quiet)" ""
is "each has a name of its own" "$(names)" "$day.3 $day.2 $day 1 "
empty "nothing is left over" "$(strays)"

# resume TOKEN: what a program says of a visitor with this cookie.
resume()
{
	"$fill" "$store" 0 "resume=$1"
}
is "a visitor under the oldest key stays" "$(resume "$token")" "live alice"
is "a new one comes under the newest" "$("$fill" "$store" 1 user=bob | cut -d ' ' -f 2 >"$dir/bob"
	resume "$(cat "$dir/bob")")" "live bob"
is "of more than eight the oldest goes" "$(for i in 1 2 3 4 5; do key rotate --json; done |
	wc -l; key list | wc -l; resume "$token")" "$(printf '5\n8\nunknown -')"
is "--drop-older keeps the new one and that before it" "$(key rotate --drop-older --quiet
	names)" "$day.9 $day.8 "
is "what was not under these is gone" "$(resume "$(cat "$dir/bob")")" "unknown -"

# -- what may go wrong ---------------------------------------------------------------------------

before=$(cat "$file")
fails_code=78 fails_text="cannot write the key file: File too large"
ok "a full disk" check_failure full "$sesskit" key rotate --store "$store"
is "leaves the old file" "$(cat "$file")" "$before"
empty "and nothing beside it" "$(strays)"
fails_code=75 fails_text="is being rotated just now"
ok "a rotation under way" check_failure flock "$file" "$sesskit" key rotate --store "$store"
is "leaves it to that one" "$(cat "$file")" "$before"
printf '1 %s\n%04000d\n' "$old" 0 | sed 's/^0/#/' >"$dir/long.key"
chmod 600 "$dir/long.key"
fails "a file that would grow too large" 78 "would become larger than 4 KiB" \
	key rotate --set "key_file=$dir/long.key"
printf 'garbage\n' >"$dir/garbage.key"
chmod 600 "$dir/garbage.key"
fails "a file that holds no keys" 78 "garbage.key:1:8: expected a blank and a key" \
	key rotate --set "key_file=$dir/garbage.key"
is "is not changed" "$(cat "$dir/garbage.key")" garbage
# Several at once: each either adds its key or says that another is at it.
: >"$dir/added"
: >"$dir/busy"
jobs=
for i in 1 2 3 4 5 6; do
	"$sesskit" key rotate --json --store "$store" >>"$dir/added" 2>>"$dir/busy" &
	jobs="$jobs $!"
done
for job in $jobs; do
	wait "$job"
done
is "of several rotations at once each is done or not" "$(cat "$dir/added" "$dir/busy" | wc -l)" 6
is "those that are not say so" "$(grep -c 'just now' "$dir/busy")" "$(wc -l <"$dir/busy")"
is "those that are have their key in the file" \
	"$({ sed 's/.*"key":"\([^"]*\)".*/\1/' "$dir/added"; printf '%s\n' $day.9 $day.8; } | sort)" \
	"$(names | tr ' ' '\n' | grep . | sort)"
ok "one of them is" [ -s "$dir/added" ]
done_testing
