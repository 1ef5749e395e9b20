# SPDX-License-Identifier: ISC
# power.sh - for scripts that cut the power of servers: what these write below $dir/NAME/data is
# watched by a library that they have preloaded.

: "${CC:=cc}"

# The server's user must be able to read it.
power_library()
{
	$CC -D_GNU_SOURCE= -O1 -shared -fPIC -o "$dir/power.so" \
		"$top_srcdir/tests/faults/powerpreload.c" "$top_srcdir/tests/faults/powershadow.c" &&
		chmod 755 "$dir/power.so" || bail "the library does not compile"
	power_folder=$(cd "$dir" && pwd -P)
}

# power_watch NAME [SEED]: all that its folder holds counts as synced. With a seed, the power of its
# server, which has been killed, is cut before: 0 leaves no more than was synced, any other some of
# what was written later.
power_watch()
{
	power_name=$1
	shift
	"$servers/powercut" "$dir/$power_name/data" "$dir/$power_name/shadow" "$@" \
		>"$dir/cut" 2>&1 &&
		chown -R "$owner" "$dir/$power_name/data" "$dir/$power_name/shadow" ||
		bail "no power cut: $(cat "$dir/cut")"
}

# watched NAME COMMAND...: start a server, under watch.
watched()
{
	POWER_FOLDER=$power_folder/$1/data POWER_SHADOW=$power_folder/$1/shadow
	LD_PRELOAD=$power_folder/power.so
	export POWER_FOLDER POWER_SHADOW LD_PRELOAD
	shift
	"$@"
	unset POWER_FOLDER POWER_SHADOW LD_PRELOAD
}

# stop_server PID: as an operator does.
stop_server()
{
	kill "$1"
	wait "$1"
	forget "$1"
}

cut_one()
{
	kill_server "$one"
	power_watch one "$seed"
	watched one start_one
}

# cut_rounds WORDS SETTING...: the power of the server "one", which start_one starts, is cut under load;
# last of one that does not sync, to see that the test would tell.
cut_rounds()
{
	cut_words=$1
	shift
	kill_server "$one"
	power_watch one
	watched one start_one
	for seed in 0 $$ 1$$ 2$$; do
		load 3 0 cut_one "$@"
		loses_nothing "$cut_words, power cut of seed $seed"
	done
	kill_server "$one"
	power_watch one
	POWER_FORGETS=1
	export POWER_FORGETS
	watched one start_one
	unset POWER_FORGETS
	seed=0
	load 3 0 cut_one "$@"
	ok "$cut_words that does not sync: it is seen that sessions are lost" at_least lost 1
}
