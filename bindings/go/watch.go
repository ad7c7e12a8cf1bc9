package podnet

// #include <podnet.h>
import "C"

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// What Pod.Wait ends with, for errors.Is.
var (
	// ErrNotMounted is for a pod whose annotations are not mounted: there is
	// nothing to wait for.
	ErrNotMounted = errors.New("podnet: the pod's annotations are not mounted")
	// ErrNoStatus is for a pod of whose networks nothing was said in time.
	ErrNoStatus = errors.New("podnet: no network-status in time")
	// ErrNetworksMissing is for networks that had no status in time; the text of
	// the error names them.
	ErrNetworksMissing = errors.New("podnet: networks have no status in time")
)

var waitErrors = map[syscall.Errno]error{
	syscall.ENOENT:    ErrNotMounted,
	syscall.ENODATA:   ErrNoStatus,
	syscall.ETIMEDOUT: ErrNetworksMissing,
}

// Wait returns when the networks have their status: a container is started
// before the kubelet has written it. Each network is the name of an interface,
// "namespace/name" or "name"; none are all that the pod requests.
//
// Without annotations it returns ErrNotMounted at once. When ctx is past its
// deadline it returns ErrNoStatus or ErrNetworksMissing, or EBADMSG for
// annotations that were malformed all the time; each is a
// context.DeadlineExceeded as well. When ctx is cancelled it returns ctx.Err().
// Other errors are of names that no network has, and of sources that can't be
// read.
func (p Pod) Wait(ctx context.Context, networks ...string) error {
	changes, err := p.Watch()
	if err != nil {
		return err
	}
	defer changes.Close()
	var found *Error
	ended := changes.until(ctx, func() bool {
		changes.drain()
		found = p.attached(networks)
		return found == nil || !mayPass(found.Errno)
	})
	switch {
	case found == nil:
		return ended
	case ended == nil:
	case errors.Is(ended, context.DeadlineExceeded):
		found.cause = ended
	default:
		return ended
	}
	return found
}

// mayPass tells whether time may mend what a look at the networks ended with.
func mayPass(errno syscall.Errno) bool {
	return errno == syscall.ENODATA || errno == syscall.ETIMEDOUT || errno == syscall.EBADMSG
}

// attached looks whether the networks are there. The library could wait by
// itself, but not for a context.
func (p Pod) attached(networks []string) *Error {
	var kept allocations
	defer kept.free()
	options := C.struct_podnet_wait_options{timeout_ms: 1}
	options.size = C.sizeof_struct_podnet_wait_options
	options.networks, options.networks_len = kept.texts(networks)
	err := kept.err
	if err == nil {
		err = p.with(func(pod *C.struct_podnet, failure *C.struct_podnet_error) C.int {
			return C.podnet_wait(pod, &options, failure)
		})
	}
	var failure *Error
	if errors.As(err, &failure) {
		failure.kind = waitErrors[failure.Errno]
		// It was not that millisecond that was waited.
		failure.Text = strings.Replace(failure.Text, " within 1ms", " in time", 1)
	}
	return failure
}

// An Event is something that became of an interface.
type Event struct {
	Type EventType `json:"event"`
	// Interface is as it is now; a removed one as it was last.
	Interface Interface `json:"interface"`
	// Before is what a changed one was; nil for other events.
	Before *Interface `json:"before"`
}

// EventType is what became of an interface.
type EventType string

// What becomes of interfaces.
const (
	EventAdded   EventType = "added"
	EventRemoved EventType = "removed"
	// Anything of it but its name and network is another.
	EventChanged EventType = "changed"
)

// eventTypes has each at the place that is its constant.
var eventTypes = []EventType{"", EventAdded, EventRemoved, EventChanged}

// A Watch is the changes of a pod's interfaces, from Pod.Watch on. It has to be
// closed. Goroutines may share it: each event goes to one of them.
type Watch struct {
	// file is another descriptor of what podnet_watch_fd() gives, for Go to poll.
	file   *os.File
	conn   syscall.RawConn
	closed atomic.Bool
	// turn is full while one uses handle, which is nil after the end.
	turn   chan struct{}
	handle *C.struct_podnet_watch
}

// Watch watches the interfaces of the pod. Those of now make no events: to miss
// none, call Interfaces after it.
func (p Pod) Watch() (*Watch, error) {
	var handle *C.struct_podnet_watch
	err := p.with(func(pod *C.struct_podnet, failure *C.struct_podnet_error) C.int {
		return C.podnet_watch_open(pod, &handle, failure)
	})
	if err != nil {
		return nil, err
	}
	watch := &Watch{handle: handle, turn: make(chan struct{}, 1)}
	if watch.file, err = duplicate(C.podnet_watch_fd(handle)); err == nil {
		if watch.conn, err = watch.file.SyscallConn(); err == nil {
			return watch, nil
		}
		watch.file.Close()
	}
	C.podnet_watch_close(handle)
	return nil, err
}

// duplicate makes a file of Go's of a descriptor that stays its owner's.
func duplicate(fd C.int) (*os.File, error) {
	copied, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return nil, &Error{Errno: errno, Text: "watch: its descriptor: " + errno.Error()}
	}
	// Else Go would not poll it.
	if err := syscall.SetNonblock(int(copied), true); err != nil {
		syscall.Close(int(copied))
		return nil, err
	}
	return os.NewFile(copied, "podnet watch"), nil
}

// Next waits for the next event. It returns ctx.Err() when ctx ends before, and
// os.ErrClosed when the watch is closed. A source that is malformed, EBADMSG, or
// can't be read is an error once each time it begins: the interfaces count as
// they were, and the watch goes on.
func (w *Watch) Next(ctx context.Context) (*Event, error) {
	var event *Event
	var failure error
	err := w.until(ctx, func() bool {
		event, failure = w.take()
		return event != nil || failure != nil
	})
	if err != nil {
		return nil, err
	}
	return event, failure
}

// Close ends the watch, and every Next that waits. A second one returns
// os.ErrClosed.
func (w *Watch) Close() error {
	if w.closed.Swap(true) {
		return os.ErrClosed
	}
	err := w.file.Close()
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	C.podnet_watch_close(w.handle)
	w.handle = nil
	return err
}

// until calls done at once and whenever there may be an event, until it is true
// or ctx ends.
func (w *Watch) until(ctx context.Context, done func() bool) error {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
	}
	if w.closed.Load() {
		return os.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.file.SetReadDeadline(time.Time{}); err != nil {
		return w.why(ctx, err)
	}
	if ctx.Done() != nil {
		returning, returned := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(returned)
			select {
			case <-ctx.Done():
				w.file.SetReadDeadline(time.Unix(1, 0))
			case <-returning:
			}
		}()
		defer func() {
			close(returning)
			<-returned
		}()
	}
	return w.why(ctx, w.conn.Read(func(uintptr) bool { return done() }))
}

// why is what an error of the file stands for.
func (w *Watch) why(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case w.closed.Load():
		return os.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

// take returns the next event, or nil; it never waits.
func (w *Watch) take() (*Event, error) {
	var found *C.struct_podnet_event
	var failure C.struct_podnet_error
	if code := C.podnet_watch_next(w.handle, &found, &failure); code < 0 {
		return nil, newError(code, &failure)
	}
	if found == nil {
		return nil, nil
	}
	defer C.podnet_event_free(found)
	event := &Event{
		Type:      name(eventTypes, found.event_type),
		Interface: goInterface(found._interface),
	}
	if found.before != nil {
		before := goInterface(found.before)
		event.Before = &before
	}
	return event, nil
}

// drain leaves the descriptor to what comes after now, or is left after an error.
func (w *Watch) drain() {
	for {
		if event, err := w.take(); event == nil || err != nil {
			return
		}
	}
}
