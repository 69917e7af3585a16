# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for vserialctl(8); the program itself knows the candidates.

_vserialctl()
{
	# shellcheck disable=SC2034 # _init_completion sets them all
	local cur prev words cword

	_init_completion -n := || return
	mapfile -t COMPREPLY < <("${words[0]}" complete "${words[@]:1:cword}" 2>/dev/null)
	# A guest whose port follows, a directory, a scheme: the word goes on.
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/:] ]]; then
		compopt -o nospace
	fi
	__ltrim_colon_completions "$cur"
} &&
	complete -F _vserialctl vserialctl
