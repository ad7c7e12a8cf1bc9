"""Waits and watches as tests/bindings.rs tells it to: a line of the input is a
command, and each is answered by a line. The argument is a pod."""

import sys

import podnet


def described(nic):
    return " ".join([nic.name or "-", *nic.ips])


def answer(root, state, command, *words):
    if command == "wait":
        podnet.wait(words[1:], timeout=int(words[0]) / 1000, root=root)
        return "there"
    if command == "watch":
        state["watch"] = podnet.watch(root)
    elif command == "close":
        state["watch"].close()
    elif command == "next":
        event = state["watch"].next_event(int(words[0]) / 1000)
        if not event:
            return "nothing"
        text = f"{event.event} {described(event.interface)}"
        return f"{text} before {described(event.before)}" if event.before else text
    return command


NAMES = {
    podnet.NotMountedError: "not mounted",
    podnet.NoStatusError: "no status",
    podnet.NetworksMissingError: "networks missing",
}

state = {}
for line in sys.stdin:
    try:
        text = answer(sys.argv[1], state, *line.split())
    except OSError as error:
        text = f"{NAMES.get(type(error), f'error {error.errno}')}: {error.strerror}"
    except ValueError as error:
        text = "closed" if "closed" in str(error) else repr(error)
    print(text, flush=True)
