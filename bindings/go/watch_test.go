package podnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soon is a context that ends after a moment.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// long is a context that ends before the test does.
func long(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// status writes a network-status of these interfaces under the root.
func status(t *testing.T, root string, names ...string) {
	t.Helper()
	entries := []map[string]string{}
	for _, name := range names {
		entries = append(entries, map[string]string{"name": "ran/" + name, "interface": name})
	}
	value, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	directory := filepath.Join(root, "etc", "podnetinfo")
	path := filepath.Join(directory, "annotations")
	text := fmt.Sprintf("k8s.v1.cni.cncf.io/network-status=%q\n", value)
	if len(names) == 0 {
		text = ""
	}
	for _, err := range []error{
		os.MkdirAll(directory, 0o755),
		os.WriteFile(path+".new", []byte(text), 0o644),
		os.Rename(path+".new", path),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWaitHasThreeErrors(t *testing.T) {
	pod := Pod{Root: t.TempDir()}
	err := pod.Wait(long(t))
	if !errors.Is(err, ErrNotMounted) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("not mounted: %v", err)
	}
	status(t, pod.Root)
	err = pod.Wait(soon(t))
	if !errors.Is(err, ErrNoStatus) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no status: %v", err)
	}
	status(t, pod.Root, "net1")
	err = pod.Wait(soon(t), "net1", "net7")
	if !errors.Is(err, ErrNetworksMissing) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("networks missing: %v", err)
	}
	var failure *Error
	if !errors.As(err, &failure) || !strings.Contains(failure.Text, " in time for net7: ") {
		t.Errorf("text: %v", err)
	}
	for _, other := range []error{ErrNotMounted, ErrNoStatus, context.Canceled, nil} {
		if errors.Is(err, other) {
			t.Errorf("%v is %v", err, other)
		}
	}
	if err := pod.Wait(context.Background(), "net1"); err != nil {
		t.Errorf("net1 is there: %v", err)
	}
	for _, name := range []string{"a/b/c", "a\x00b", "\xff"} {
		if err := pod.Wait(long(t), name); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	pod := Pod{Root: t.TempDir()}
	status(t, pod.Root)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	// It ended of the context, not of the pod.
	if err := pod.Wait(ctx); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	if err := pod.Wait(ctx); err != context.Canceled {
		t.Errorf("cancelled before: %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { status(t, pod.Root, "net1") })
	if err := pod.Wait(long(t)); err != nil {
		t.Errorf("written meanwhile: %v", err)
	}
}

func TestWatch(t *testing.T) {
	pod := Pod{Root: t.TempDir()}
	status(t, pod.Root, "net1")
	watch, err := pod.Watch()
	if err != nil {
		t.Fatal(err)
	}
	if event, err := watch.Next(soon(t)); event != nil || err != context.DeadlineExceeded {
		t.Errorf("nothing changed: %v, %v", event, err)
	}
	time.AfterFunc(20*time.Millisecond, func() { status(t, pod.Root, "net1", "net2") })
	event, err := watch.Next(long(t))
	if err != nil || event.Type != EventAdded || event.Interface.Name != "net2" || event.Before != nil {
		t.Fatalf("%+v, %v", event, err)
	}
	written, err := json.Marshal(event)
	start := `{"event":"added","interface":{"name":"net2","network":"ran/net2"`
	if err != nil || !strings.HasPrefix(string(written), start) {
		t.Errorf("%s: %v", written, err)
	}
	// A context ends one that waits for another's turn, too.
	other, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { _, err := watch.Next(other); ended <- err }()
	time.Sleep(10 * time.Millisecond)
	if _, err := watch.Next(soon(t)); err != context.DeadlineExceeded {
		t.Errorf("beside another: %v", err)
	}
	cancel()
	if err := <-ended; err != context.Canceled {
		t.Errorf("the other: %v", err)
	}
	// Who waits is told of the end.
	time.AfterFunc(20*time.Millisecond, func() { watch.Close() })
	if event, err := watch.Next(context.Background()); event != nil || !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed meanwhile: %v, %v", event, err)
	}
	if _, err := watch.Next(long(t)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed before: %v", err)
	}
	if err := watch.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := (Pod{Root: "/nonexistent"}).Watch(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no root: %v", err)
	}
}

func TestEachEventGoesToOne(t *testing.T) {
	pod := Pod{Root: t.TempDir()}
	status(t, pod.Root)
	watch, err := pod.Watch()
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	const readers = 8
	names := make(chan string, readers)
	for i := 0; i < readers; i++ {
		go func() {
			event, err := watch.Next(long(t))
			if err != nil {
				t.Error(err)
				names <- ""
				return
			}
			names <- event.Interface.Name
		}()
	}
	var all []string
	for i := 0; i < readers; i++ {
		all = append(all, fmt.Sprint("net", i))
	}
	status(t, pod.Root, all...)
	found := map[string]bool{}
	for range all {
		found[<-names] = true
	}
	if len(found) != readers {
		t.Errorf("%v", found)
	}
}

func TestWatchesLeaveNoDescriptor(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	pod := pod(t)
	once := func() {
		watch, err := pod.Watch()
		if err != nil {
			t.Fatal(err)
		}
		if err := watch.Close(); err != nil {
			t.Error(err)
		}
	}
	once()
	before := count()
	for i := 0; i < 50; i++ {
		once()
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors, then %d", before, after)
	}
}
