# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_podnet_global_optspecs
    string join \n root= downward-api= container= assign-by-order color= h/help V/version
end

function __fish_podnet_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_podnet_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_podnet_using_subcommand
    set -l cmd (__fish_podnet_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c podnet -n "__fish_podnet_needs_command" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_needs_command" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_needs_command" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_needs_command" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_needs_command" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_needs_command" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_needs_command" -s V -l version -d 'Print version'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "show" -d 'Shows the pod: CPUs, hugepages, interfaces and the devices behind them'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "get" -d 'Prints one value, for scripts'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "annotations" -d 'Prints every annotation of the pod, decoded'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "wait" -d 'Waits until the networks of the pod are attached'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "watch" -d 'Prints what becomes of the interfaces, a line per change'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "eal" -d 'Prints the arguments that DPDK needs'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "exec" -d 'Starts a DPDK program with the arguments it needs'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "ports" -d 'Compares the ports of a running DPDK application with the plan, and shows their counters'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "render" -d 'Fills in a template of a configuration file'
complete -c podnet -n "__fish_podnet_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c podnet -n "__fish_podnet_using_subcommand show" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand show" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand show" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand show" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand show" -l json -d 'Print JSON'
complete -c podnet -n "__fish_podnet_using_subcommand show" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand show" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand get" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand get" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand get" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand get" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand get" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand get" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand annotations" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand annotations" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand annotations" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand annotations" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand annotations" -l json -d 'Print a JSON object, exact'
complete -c podnet -n "__fish_podnet_using_subcommand annotations" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand annotations" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand wait" -l network -d 'Only for these, each an interface, namespace/name or name [default: every requested network]' -r
complete -c podnet -n "__fish_podnet_using_subcommand wait" -l timeout -d 'How long at most; 0 looks once' -r
complete -c podnet -n "__fish_podnet_using_subcommand wait" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand wait" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand wait" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand wait" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand wait" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand wait" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand watch" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand watch" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand watch" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand watch" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand watch" -l json -d 'Print a JSON object per line'
complete -c podnet -n "__fish_podnet_using_subcommand watch" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand watch" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l wait-networks -d 'Wait at most this long for the networks, those of --network or every requested one' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l wait-sockets -d 'Wait at most this long for the sockets that we connect to' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l app -d 'The application to make arguments for' -r -f -a "l3fwd\t''
l2fwd\t''
testpmd\t''
none\t''"
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l dpdk -d 'DPDK release, such as 22.11 [default: by the libraries that PROGRAM needs, else by what a static one has in it or prints for -v -h, else by the installed libraries]' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l network -d 'Only these interfaces or networks' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l netdevs -d 'Make ports of kernel netdevs too, the default interface\'s left out [default: skip them]' -r -f -a "af-xdp\t''
tap\t''"
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l eth-dest -d 'MAC address that l3fwd and testpmd send packets out of the port of NET, an interface or network, to' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l routes -d 'Have l3fwd of 22.03 and later route to the networks of the pod\'s addresses: rules in FILE.ipv4 and FILE.ipv6, which are written' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l queues -d 'Queues of each port, l2fwd\'s apart, which has one [default: 1]' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l workers -d 'Lcores that forward packets [default: as the application needs]' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l main -d 'CPU of the main lcore' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l smt -d 'Whether both hyper-threads of a core may be lcores' -r -f -a "use\t''
avoid\t''"
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l memory -d 'Memory, such as 512M, 1G, 1Gi or bytes [default: the hugepage limit]' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l file-prefix -d 'Name of this DPDK instance [default: podnet-<pod>-<container>]' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l iova-mode -d 'Which addresses devices are given [default: what the ports need]' -r -f -a "pa\t''
va\t''"
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l json -d 'Print an object with the arguments, ports, lcores and warnings'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l devargs -d 'Print a line for each port instead, `INTERFACE DEVARG`, for programs that add ports themselves, as grout does; a dash where a device is on no interface'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -s 0 -l null -d 'End each argument with a NUL byte, unquoted'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l raise-limits -d 'Lift the limit of locked memory as far as podnet may, and hand on the capabilities that its file gives to a user other than root'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l force -d 'Start whatever the checks find'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l dry-run -d 'Check, print the command line and stop'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l no-huge -d 'Do without hugepages'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l secondary -d 'Attach to a running instance of the same file prefix, which shares its memory: it was started on hugepages and with `-- PROGRAM --proc-type=primary`'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -s v -l verbose -d 'Say on standard error why each argument is there'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand eal" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l wait-networks -d 'Wait at most this long for the networks, those of --network or every requested one' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l wait-sockets -d 'Wait at most this long for the sockets that we connect to' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l app -d 'The application to make arguments for' -r -f -a "l3fwd\t''
l2fwd\t''
testpmd\t''
none\t''"
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l dpdk -d 'DPDK release, such as 22.11 [default: by the libraries that PROGRAM needs, else by what a static one has in it or prints for -v -h, else by the installed libraries]' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l network -d 'Only these interfaces or networks' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l netdevs -d 'Make ports of kernel netdevs too, the default interface\'s left out [default: skip them]' -r -f -a "af-xdp\t''
tap\t''"
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l eth-dest -d 'MAC address that l3fwd and testpmd send packets out of the port of NET, an interface or network, to' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l routes -d 'Have l3fwd of 22.03 and later route to the networks of the pod\'s addresses: rules in FILE.ipv4 and FILE.ipv6, which are written' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l queues -d 'Queues of each port, l2fwd\'s apart, which has one [default: 1]' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l workers -d 'Lcores that forward packets [default: as the application needs]' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l main -d 'CPU of the main lcore' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l smt -d 'Whether both hyper-threads of a core may be lcores' -r -f -a "use\t''
avoid\t''"
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l memory -d 'Memory, such as 512M, 1G, 1Gi or bytes [default: the hugepage limit]' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l file-prefix -d 'Name of this DPDK instance [default: podnet-<pod>-<container>]' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l iova-mode -d 'Which addresses devices are given [default: what the ports need]' -r -f -a "pa\t''
va\t''"
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l raise-limits -d 'Lift the limit of locked memory as far as podnet may, and hand on the capabilities that its file gives to a user other than root'
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l force -d 'Start whatever the checks find'
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l dry-run -d 'Check, print the command line and stop'
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l no-huge -d 'Do without hugepages'
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l secondary -d 'Attach to a running instance of the same file prefix, which shares its memory: it was started on hugepages and with `-- PROGRAM --proc-type=primary`'
complete -c podnet -n "__fish_podnet_using_subcommand exec" -s v -l verbose -d 'Say on standard error why each argument is there'
complete -c podnet -n "__fish_podnet_using_subcommand exec" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand exec" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l instance -d 'Which of several processes with this file prefix, by the number at the end of its socket, else 0' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l timeout -d 'How long an application may take to answer' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l wait-networks -d 'Wait at most this long for the networks, those of --network or every requested one' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l wait-sockets -d 'Wait at most this long for the sockets that we connect to' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l app -d 'The application to make arguments for' -r -f -a "l3fwd\t''
l2fwd\t''
testpmd\t''
none\t''"
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l dpdk -d 'DPDK release, such as 22.11 [default: by the libraries that PROGRAM needs, else by what a static one has in it or prints for -v -h, else by the installed libraries]' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l network -d 'Only these interfaces or networks' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l netdevs -d 'Make ports of kernel netdevs too, the default interface\'s left out [default: skip them]' -r -f -a "af-xdp\t''
tap\t''"
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l eth-dest -d 'MAC address that l3fwd and testpmd send packets out of the port of NET, an interface or network, to' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l routes -d 'Have l3fwd of 22.03 and later route to the networks of the pod\'s addresses: rules in FILE.ipv4 and FILE.ipv6, which are written' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l queues -d 'Queues of each port, l2fwd\'s apart, which has one [default: 1]' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l workers -d 'Lcores that forward packets [default: as the application needs]' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l main -d 'CPU of the main lcore' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l smt -d 'Whether both hyper-threads of a core may be lcores' -r -f -a "use\t''
avoid\t''"
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l memory -d 'Memory, such as 512M, 1G, 1Gi or bytes [default: the hugepage limit]' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l file-prefix -d 'Name of this DPDK instance [default: podnet-<pod>-<container>]' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l iova-mode -d 'Which addresses devices are given [default: what the ports need]' -r -f -a "pa\t''
va\t''"
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l json -d 'Print JSON'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l raise-limits -d 'Lift the limit of locked memory as far as podnet may, and hand on the capabilities that its file gives to a user other than root'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l force -d 'Start whatever the checks find'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l dry-run -d 'Check, print the command line and stop'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l no-huge -d 'Do without hugepages'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l secondary -d 'Attach to a running instance of the same file prefix, which shares its memory: it was started on hugepages and with `-- PROGRAM --proc-type=primary`'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -s v -l verbose -d 'Say on standard error why each argument is there'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand ports" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand render" -s o -l output -d 'Write FILE in one step, instead of standard output' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand render" -l app -d 'The application to make arguments for' -r -f -a "l3fwd\t''
l2fwd\t''
testpmd\t''
none\t''"
complete -c podnet -n "__fish_podnet_using_subcommand render" -l dpdk -d 'DPDK release, such as 22.11 [default: by the libraries that PROGRAM needs, else by what a static one has in it or prints for -v -h, else by the installed libraries]' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l network -d 'Only these interfaces or networks' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l netdevs -d 'Make ports of kernel netdevs too, the default interface\'s left out [default: skip them]' -r -f -a "af-xdp\t''
tap\t''"
complete -c podnet -n "__fish_podnet_using_subcommand render" -l eth-dest -d 'MAC address that l3fwd and testpmd send packets out of the port of NET, an interface or network, to' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l routes -d 'Have l3fwd of 22.03 and later route to the networks of the pod\'s addresses: rules in FILE.ipv4 and FILE.ipv6, which are written' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l queues -d 'Queues of each port, l2fwd\'s apart, which has one [default: 1]' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l workers -d 'Lcores that forward packets [default: as the application needs]' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l main -d 'CPU of the main lcore' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l smt -d 'Whether both hyper-threads of a core may be lcores' -r -f -a "use\t''
avoid\t''"
complete -c podnet -n "__fish_podnet_using_subcommand render" -l memory -d 'Memory, such as 512M, 1G, 1Gi or bytes [default: the hugepage limit]' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l file-prefix -d 'Name of this DPDK instance [default: podnet-<pod>-<container>]' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l iova-mode -d 'Which addresses devices are given [default: what the ports need]' -r -f -a "pa\t''
va\t''"
complete -c podnet -n "__fish_podnet_using_subcommand render" -l root -d 'Directory that stands for `/` of the pod, its environment and affinity included [default: $PODNET_ROOT, else /]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand render" -l downward-api -d 'Where the Downward API is mounted [default: /etc/podnetinfo, else /etc/podinfo]' -r -F
complete -c podnet -n "__fish_podnet_using_subcommand render" -l container -d 'Name of the own container [default: $CONTAINER_NAME]' -r
complete -c podnet -n "__fish_podnet_using_subcommand render" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c podnet -n "__fish_podnet_using_subcommand render" -l no-huge -d 'Do without hugepages'
complete -c podnet -n "__fish_podnet_using_subcommand render" -l secondary -d 'Attach to a running instance of the same file prefix, which shares its memory: it was started on hugepages and with `-- PROGRAM --proc-type=primary`'
complete -c podnet -n "__fish_podnet_using_subcommand render" -s v -l verbose -d 'Say on standard error why each argument is there'
complete -c podnet -n "__fish_podnet_using_subcommand render" -l assign-by-order -d 'Give devices without any evidence to interfaces by position'
complete -c podnet -n "__fish_podnet_using_subcommand render" -s h -l help -d 'Print help'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "show" -d 'Shows the pod: CPUs, hugepages, interfaces and the devices behind them'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "get" -d 'Prints one value, for scripts'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "annotations" -d 'Prints every annotation of the pod, decoded'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "wait" -d 'Waits until the networks of the pod are attached'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "watch" -d 'Prints what becomes of the interfaces, a line per change'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "eal" -d 'Prints the arguments that DPDK needs'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "exec" -d 'Starts a DPDK program with the arguments it needs'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "ports" -d 'Compares the ports of a running DPDK application with the plan, and shows their counters'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "render" -d 'Fills in a template of a configuration file'
complete -c podnet -n "__fish_podnet_using_subcommand help; and not __fish_seen_subcommand_from show get annotations wait watch eal exec ports render help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
