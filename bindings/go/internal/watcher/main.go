// Watcher waits and watches as tests/bindings.rs tells it to: a line of the
// input is a command, and each is answered by a line. The argument is a pod.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"podnet"
)

var (
	pod   podnet.Pod
	watch *podnet.Watch
)

func described(nic *podnet.Interface) string {
	return strings.Join(append([]string{nic.Name}, nic.IPs...), " ")
}

func next(ctx context.Context) (string, error) {
	event, err := watch.Next(ctx)
	if err != nil {
		return "", err
	}
	text := string(event.Type) + " " + described(&event.Interface)
	if event.Before != nil {
		text += " before " + described(event.Before)
	}
	return text, nil
}

func answer(command string, words []string) (string, error) {
	ctx := context.Background()
	if len(words) > 0 {
		milliseconds, err := strconv.Atoi(words[0])
		if err != nil {
			return "", err
		}
		limited, cancel := context.WithTimeout(ctx, time.Duration(milliseconds)*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	var err error
	switch command {
	case "wait":
		return "there", pod.Wait(ctx, words[1:]...)
	case "watch":
		watch, err = pod.Watch()
	case "close":
		err = watch.Close()
	default:
		return next(ctx)
	}
	return command, err
}

func name(err error) string {
	var failure *podnet.Error
	switch {
	case errors.Is(err, podnet.ErrNotMounted):
		return "not mounted: "
	case errors.Is(err, podnet.ErrNoStatus):
		return "no status: "
	case errors.Is(err, podnet.ErrNetworksMissing):
		return "networks missing: "
	case errors.As(err, &failure):
		return fmt.Sprintf("error %d: ", int(failure.Errno))
	}
	return "other: "
}

func main() {
	pod.Root = os.Args[1]
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		text, err := answer(words[0], words[1:])
		switch {
		case err == nil:
		case err == context.DeadlineExceeded:
			text = "nothing"
		case errors.Is(err, os.ErrClosed):
			text = "closed"
		default:
			text = name(err) + err.Error()
		}
		fmt.Println(text)
	}
}
