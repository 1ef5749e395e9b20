# SPDX-License-Identifier: ISC
# sesskit.bash - completion for bash. It asks the command for its verbs and options, and so cannot
# disagree with it.

# _sesskit_options HELP [VALUE]: the options in a help text; with VALUE those that take one.
_sesskit_options()
{
	sed -n "s/^  \(--[a-z-]*\) ${2:+[A-Z]}.*/\1/p" <<<"$1"
}

_sesskit()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
	local command=${COMP_WORDS[0]} help

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ] || [ "$COMP_CWORD$verb${word%%[!-]*}" = 2help ]; then
		help=$("$command" help 2>/dev/null | sed -n 's/^  \([a-z]*\)  .*/\1/p')
		mapfile -t COMPREPLY < <(compgen -W "$help" -- "$word")
		return
	fi
	help=$("$command" help "$verb" 2>/dev/null) || return
	case $before in
	--state) mapfile -t COMPREPLY < <(compgen -W 'live expired all' -- "$word") ;;
	--sort) mapfile -t COMPREPLY < <(compgen -W 'seen created expires user bytes' -- "$word") ;;
	--user | --address) ;;  # nothing that this machine knows
	--store) mapfile -t COMPREPLY < <(compgen -W 'sqlite: file: redis:// mysql://' -- "$word") ;;
	*)
		if _sesskit_options "$help" value | grep -q -x -e "$before"; then
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
		elif [ "$verb" = key ] && [ "${word#-}" = "$word" ]; then
			mapfile -t COMPREPLY < <(compgen -W 'list rotate' -- "$word")
		elif [ "${word#-}" != "$word" ]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_sesskit_options "$help")" -- "$word")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
		fi
		;;
	esac
}

complete -F _sesskit sesskit
