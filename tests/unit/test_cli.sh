#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line of vserialctl as far as it goes without the module: exit
# status, one line on stderr, batches, completion.  $VSERIALCTL is the program.
# shellcheck disable=SC2016 # check evaluates conditions, here nothing expands
set -u
n=0 bad=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# run WORDS...: runs vserialctl; its output is then in $folder/out and
# $folder/err, its exit status in $status.
run()
{
	"$VSERIALCTL" "$@" >"$folder/out" 2>"$folder/err"
	status=$?
}

# check NAME CONDITION...: a test, its condition a command.
check()
{
	local name=$1

	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		bad=$((bad + 1))
		sed 's/^/# /' "$folder/out" "$folder/err"
		echo "not ok $n - $name (status $status)"
	fi
}

is() { [[ $status -eq $1 ]]; }
out() { grep -qF -- "$1" "$folder/out"; }
err() { grep -qF -- "$1" "$folder/err"; }
# One line, and it begins as it should.
refused() { is "$1" && [[ $(wc -l <"$folder/err") -eq 1 ]] && err "vserialctl: $2" && [[ ! -s $folder/out ]]; }
usage() { is 2 && err "vserialctl: $1" && err "Usage: vserialctl $2"; }
candidates() { is 0 && [[ $(paste -sd' ' "$folder/out") == "$1" ]]; }

run --help;		check "--help prints the usage" eval 'is 0 && out "guest add NAME" && out "connect-at-power-on"'
run help;		check "help does so too" eval 'is 0 && out "guest add NAME"'
run -V;			check "-V prints the version" eval 'is 0 && out vserialctl'
run --version;		check "--version does so too" eval 'is 0 && out vserialctl'
run;			check "nothing is a usage error" eval 'is 2 && err "Usage:" && [[ ! -s $folder/out ]]'
run port help;		check "port help prints ports alone" eval 'is 0 && out "port add" && ! out "guest add"'
run p help;		check "p help is the same" eval 'is 0 && out "port add" && ! out "guest add"'
run port --help;	check "port --help is the same" eval 'is 0 && out "port add" && ! out "guest add"'
run port set --help;	check "so it is behind a verb" eval 'is 0 && out "port add" && ! out "guest add"'
run help g;		check "help g prints guests" eval 'is 0 && out "guest add"'
run -x;			check "an unknown option" is 2
run bla;		check "an unknown object" eval 'refused 2 "there is no object '\''bla'\''"'
run guest bla;		check "an unknown verb" eval 'refused 2 "guest has no verb '\''bla'\''"'
run port d a/0;		check "an ambiguous verb" eval 'refused 2 "port: '\''d'\'' can mean any of: del, disconnect"'
run guest add;		check "a missing name" usage "the guest's name is missing" "guest add NAME"
run port set a/0 colour red; check "an unknown attribute" refused 1 "there is no attribute 'colour'"
run port set a/0 history -1; check "a negative size" refused 1 "history '-1'"
run port show -j;	check "an option behind the object" usage "'-j' is not" "port show"
run vspc-probe;		check "vspc-probe without a URI" usage "the concentrator's URI is missing" "vspc-probe URI"
run console;		check "console without a port" usage "the port's name GUEST/INDEX is missing" "console GUEST/INDEX"
run console a;		check "console of a guest" refused 1 "'a' is not a port's name"
run console a/0 now;	check "console and a word too many" usage "'now' is one word too many" "console GUEST/INDEX"
run console a/0 force read-only; check "console force read-only" usage "force is to write" "console GUEST/INDEX"
run -e ab console a/0;	check "an escape of two characters" refused 1 "the escape character 'ab' is not"
run --escape= console a/0; check "an empty escape" refused 1 "the escape character '' is not"
run -b - <<<'console a/0'; check "console in a batch" refused 2 "standard input:1: console cannot"
run session kick;	check "kick nobody" usage "the session's number is missing" "session kick ID..."
run session kick 1 x;	check "kick what is no number" refused 1 "'x' is not a session's number"
run session show a/x;	check "sessions of no port" refused 1 "'a/x' is not a port's name"
run service add;	check "a rule of nobody" usage "the guest's name is missing" "service add GUEST rank N allow|deny SERVICE [ATTR VALUE]..."
run service add a;	check "a rule without a rank" usage "the word rank and the rule's number are missing" "service add"
run service add a 10 deny uart; check "a rank without its word" usage "the word rank and the rule's number are missing" "service add"
run service add a rank;	check "rank and nothing" usage "rank needs the rule's number" "service add"
run service add a rank -1 deny uart; check "a negative rank" refused 1 "rank '-1' is not a whole number from 0 to 4294967295"
run service add a rank 4294967296 deny uart; check "too high a rank" refused 1 "rank '4294967296' is not"
run service add a rank 1; check "a rule without an action" usage "the action is missing" "service add"
run service add a rank 1 forbid uart; check "an unknown action" refused 1 "action 'forbid' is not allow or deny"
run service add a rank 1 deny; check "a rule without a service" usage "the service is missing" "service add"
run service add a rank 1 deny uarts; check "an unknown service" refused 1 "service 'uarts' is not any, hypervisor, module, application, uart"
run service add a rank 1 deny uart direction out; check "a direction of ports" refused 1 "direction 'out' is not any, guest or host"
run service add a rank 1 deny net-client port 23-; check "half a range of ports" refused 1 "port '23-' is neither"
run service add a rank 1 deny net-client port 1-2-3; check "three ports" refused 1 "port '1-2-3' is neither"
run service add a rank 1 deny net-client port telnet; check "the name of a port" refused 1 "port 'telnet' is neither"
run service add a rank 1 deny console user root:root; check "a user and a group" refused 1 "user 'root:root' is neither"
run service add a rank 1 deny console user none; check "no user" refused 1 "user 'none' is neither"
run service del a rank 1 2; check "one rule too many" usage "'2' is one word too many" "service del GUEST rank N"
run service test a;	check "a test of nothing" usage "the service is missing" "service test GUEST SERVICE [ATTR VALUE]..."
run port break a/0 x;	check "a break of no length" refused 1 "the break's length 'x'"
run port break a/0 1 2; check "a break and a word too many" usage "'2' is one word too many" "port break GUEST/INDEX [MS]"
run migrate;		check "migrate without a verb" refused 2 "the verb is missing; migrate has: expect, begin"
run migrate begin;	check "migrate nobody" usage "the guest's name is missing" "migrate begin NAME"
run migrate begin a timeout; check "migrate without a time" usage "timeout needs" "migrate begin NAME"
run migrate begin a timeout 0; check "migrate in no time" refused 1 "the timeout '0'"
run -b - <<<'migrate begin a'; check "migrate in a batch" refused 2 "standard input:1: migrate begin cannot"
run migrate rest;	check "migrate the rest of nobody" usage "the guest's name is missing" "migrate rest NAME"
run migrate rest a x;	check "migrate rest and a word too many" usage "'x' is one word too many" "migrate rest NAME"
run -b - <<<'migrate rest a'; check "migrate rest in a batch" refused 2 "standard input:1: migrate rest cannot"
run migrate leave;	check "migrate leave nobody" usage "the guest's name is missing" "migrate leave NAME"
run migrate arrive a timeout x; check "migrate arrive and no time" refused 1 "the timeout 'x'"
run -b - <<<'migrate arrive a'; check "migrate arrive in a batch" refused 2 "standard input:1: migrate arrive cannot"
run migrate receive </dev/null; check "receive nothing" refused 1 "the state is cut off"
run migrate receive <<<'some other file'; check "receive something else" refused 1 "this is no state"
run migrate qemu a;	check "migrate qemu without its socket" usage "--qmp is missing" "migrate qemu NAME --qmp"
run migrate qemu a --qmp x --to; check "migrate qemu to nowhere" usage "--to needs" "migrate qemu NAME --qmp"
run migrate send a;	check "migrate send without its host" usage "to is missing" "migrate send NAME to HOST"
run migrate send a to b:x; check "migrate send to no port" usage "'b:x' is neither HOST nor HOST:PORT" "migrate send NAME to"
run migrate send a to b:0; check "migrate send to port 0" usage "'b:0' is neither" "migrate send NAME to"
run migrate send a to '[::1'; check "migrate send to no address" usage "'[::1' is neither HOST nor" "migrate send NAME to"
run migrate send a to :1; check "migrate send to nobody" usage "':1' is neither HOST nor" "migrate send NAME to"
run migrate serve x;	check "migrate serve and a word too many" usage "'x' is one word too many" "migrate serve"
run migrate serve </dev/null; check "migrate serve of no connection" refused 1 "standard input is no connection"
run -b - <<<'migrate serve'; check "migrate serve in a batch" refused 2 "standard input:1: migrate serve cannot"
run migrate receive make; check "receive and an unknown word" usage "'make' is" "migrate receive [create]"
run monitor count 0;	check "monitor count 0" refused 1 "count '0'"
run top sort x;		check "top in no order" refused 1 "sort 'x' is not name"
run top -j;		check "an option behind top" usage "'-j' is not a guest's name; options stand before the object" "top [GUEST]"
run top count 0;	check "top without an end or a frame" refused 1 "count '0'"
run top a interval;	check "top at no interval" usage "interval needs a value" "top [GUEST]"
run top a b;		check "top and a word too many" usage "'b' is one word too many" "top [GUEST]"
run port capture a/0;	check "a capture without a file" usage "the file's name is missing" "port capture GUEST/INDEX FILE"
run metrics x;		check "metrics and a word too many" usage "'x' is one word too many" "metrics [prometheus]"
run -b x guest show;	check "words beside -b" is 2
run -b "$folder/none";	check "a batch that is not there" refused 1 "cannot read $folder/none"
run restore;		check "restore without a file" usage "the file's name is missing" "restore FILE"
run save a b;		check "save and a word too many" usage "'b' is one word too many" "save [FILE]"
run -b "$folder";	check "a directory as batch" refused 1 "$folder:1: Is a directory"

printf 'displayName = "a b"\nserial0.present = "TRUE"\nserial0.fileType = "x"\nserial0.fileName = "y"\n' >"$folder/vmx"
run guest import;	check "import from nowhere" usage "where from is missing" "guest import --vmx|--libvirt FILE"
run guest import x y;	check "import from somebody else" usage "'x' is neither --vmx nor --libvirt" "guest import"
run guest import --vmx;	check "import no file" usage "the file's name is missing" "guest import"
run guest import --vmx "$folder/none"; check "import a file that is not there" refused 1 "cannot read $folder/none"
run guest import --vmx "$folder/vmx"; check "import a name that cannot be" refused 1 "'a b' cannot be a guest's name"
run guest import --vmx "$folder" name a; check "import a directory" refused 1 "cannot import $folder: Is a directory"
run guest import --vmx "$folder/vmx" name a dry-run; check "import prints commands, and what is not as it was" \
	eval 'is 0 && err "serial0 gets the backing null" && [[ $(<"$folder/out") == $'\''guest add a\nport add a/0 backing null'\'' ]]'
run guest import --libvirt - dry-run <<<'<domain><name>b</name></domain>'
check "import from standard input" eval 'is 0 && out "guest add b"'
run guest import --vmx "$folder/vmx" dry-run name a; check "import and a word too many" usage "'name' is one word too many" "guest import"

printf '# comment\n\n  port set a/0 \\\n    history x\nbla\n' >"$folder/batch"
run -b "$folder/batch";	check "a batch stops at the first failure" refused 1 "$folder/batch:3: history 'x'"
run restore "$folder/batch"; check "restore is a batch" refused 1 "$folder/batch:3: history 'x'"
run -f -b "$folder/batch"; check "-f goes on and keeps the first status" \
	eval 'is 1 && err ":3: history" && err ":5: there is no object"'
run -b - <"$folder/batch"; check "a batch from standard input" refused 1 "standard input:3: history 'x'"
run restore - <"$folder/batch"; check "restore from standard input" refused 1 "standard input:3: history 'x'"
run -b /dev/null;	check "an empty batch" eval 'is 0 && [[ ! -s $folder/err ]]'
run -b - <<<'guest show "a'; check "an open quote" refused 2 "standard input:1: a double quote"
# shellcheck disable=SC1003 # no quote is escaped
printf 'guest show \\' >"$folder/batch"
run -b "$folder/batch";	check "a batch that ends in a backslash" refused 2 "$folder/batch:1: the last line"
printf 'guest \0show' >"$folder/batch"
run -b "$folder/batch";	check "a NUL in a batch" refused 2 "$folder/batch:1: the line holds a NUL"
run -b - <<<'restore x'; check "restore in a batch" refused 2 "standard input:1: restore cannot"
run -b - <<<'guest help'; check "help in a batch" eval 'is 0 && out "guest add"'
"$VSERIALCTL" session help >/dev/full 2>"$folder/err"; status=$?
: >"$folder/out";	check "a full disk is told of" refused 1 "cannot write the output: No space left"
"$VSERIALCTL" --help >/dev/full 2>"$folder/err"; status=$?
: >"$folder/out";	check "by --help, too" refused 1 "cannot write the output: "
run guest add "$(printf 'a\033[2Jb')" uuid "$(printf '\033[2J')"
check "no control character gets out" eval 'is 1 && ! grep -q "$(printf "\033")" "$folder/err"'

run firewall enable;	check "no rule set" usage "a rule set is missing: network or vspc" "firewall enable"
run firewall disable x;	check "an unknown rule set" refused 1 "there is no rule set 'x'; there are network and vspc"
run firewall enable vspc allow 192.0.2.1/24
check "networks with bits that do not count" refused 1 "allow: "
run complete firewall enable v; check "complete a rule set" candidates "vspc"

run complete "";	check "complete objects" candidates "guest port console session service monitor top metrics save restore migrate vspc-probe firewall help"
run complete metrics ""; check "complete the form of metrics" candidates "prometheus"
run complete guest import ""; check "complete whom from a guest is imported" candidates "--vmx --libvirt"
run complete guest import --vmx x ""; check "complete how it is imported" candidates "name dry-run"
run complete top a "";	check "complete how ports are watched" candidates "sort interval count"
run complete p;		check "complete an object" candidates "port"
run complete -j po;	check "complete behind an option" candidates "port"
run complete --j;	check "complete an option" candidates "--json"
run complete port "";	check "complete verbs" candidates "add set del show connect disconnect break history capture list-uarts help"
run complete port set a/0 ""; check "complete attributes" \
	candidates "backing connect-at-power-on overflow stall-limit history carrier endpoint max-clients idle-timeout proxy log rate direction yield-on-poll connected"
run complete port set a/0 overflow drop-; check "complete a value" candidates "drop-old drop-new"
run complete port set a/0 backing te; check "complete a scheme" candidates "telnet:// telnets://"
run complete port set a/0 overflow block con; check "complete attributes not given yet" \
	candidates "connect-at-power-on connected"
run complete port add a/0 con; check "complete attributes of the verb" candidates "connect-at-power-on"
run complete service ""; check "complete verbs of rules" candidates "add del show test help"
run complete service add a ""; check "complete the word rank" candidates "rank"
run complete service add a rank ""; check "complete no rank" candidates ""
run complete service add a rank 1 ""; check "complete actions" candidates "allow deny"
run complete service add a rank 1 deny net-; check "complete services" candidates "net-server net-client"
run complete service test a v; check "complete services of a test" candidates "vspc vsock"
run complete service test a uart ""; check "complete what rules are about" candidates "direction port user exe"
run complete service test a uart direction ""; check "complete directions" candidates "any guest host"
run complete console a/0 ""; check "complete how a console attaches" candidates "force read-only"
run complete firewall enable vspc ""; check "complete whom a rule set lets in" candidates "allow"
run complete firewall enable vspc allow ""; check "complete everybody" candidates "any"
run complete migrate qemu a --qmp x ""; check "complete what a migration needs" candidates "--to"
run complete migrate send a to b ""; check "complete what a migration may have" candidates "timeout"
run complete migrate send a to b timeout ""; check "complete no time limit" candidates ""
run complete vspc-probe telnet://a name b ""; check "complete what a probe has left" candidates "service"
run complete top sort ""; check "complete what ports are sorted by" candidates "name tx rx dropped state"
run complete top ""; check "complete how all ports are watched" candidates "sort interval count"
run complete port show a/0 "";	check "complete nothing behind the last word" candidates ""
run complete -e % gue;	check "complete behind --escape" candidates "guest"
run complete guest del a ""; check "complete force" candidates "force"
run complete guest set a owner nobo; check "complete users" candidates "nobody"
touch "$folder/a[b"; mkdir "$folder/dir"
run complete restore "$folder/a["; check "complete a file" candidates "$folder/a[b"
run complete save "$folder/a["; check "complete the file that is saved to" candidates "$folder/a[b"
run complete port set a/0 backing "file:$folder/d"; check "complete the path of a backing" \
	candidates "file:$folder/dir/"
run complete port set a/0 backing "ua"; check "complete a scheme with a path behind it" candidates "uart:"
run complete port set a/0 backing "uart:/dev/nul"; check "complete the device of a backing" \
	candidates "uart:/dev/null"
run complete port set a/0 log "file:$folder/d"; check "complete the path of a log" candidates "file:$folder/dir/"
run complete bla "";	check "complete nothing" candidates ""

# The module's absence, where it is absent.
if [[ -e /sys/module/vserial ]]; then
	n=$((n + 1))
	echo "ok $n - without the module # SKIP vserial is loaded"
else
	for words in "guest show" "port show" "monitor" "save" "metrics" "top" "port capture a/0 -" "-j port" "port connect a/0" "port break a/0" \
		"port history a/0" "migrate begin a" "migrate leave a" "migrate arrive a" "migrate rest a" "migrate expect a" "migrate complete a" "migrate abort a" "migrate qemu a --qmp x --to y" "migrate send a to b" "session show" "session show a" "session kick 1" "service show" "service del a rank 1" "console a/0" \
		"guest import --vmx /dev/null name a"; do
		# shellcheck disable=SC2086 # words
		run $words
		check "$words without the module" refused 3 "the module vserial is not loaded: load it with 'modprobe vserial'"
	done
fi
echo "1..$n"
((bad == 0))
