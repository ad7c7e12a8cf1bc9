package podnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"podnet/internal/heap"
)

// pod is a sample with virtual functions.
func pod(t *testing.T) Pod {
	t.Helper()
	root := "../../samples/pods/sr-iov"
	if _, err := os.Stat(root); err != nil {
		t.Fatal(err)
	}
	return Pod{Root: root}
}

func TestInterfaces(t *testing.T) {
	all, err := pod(t).Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	if all.State != StateComplete || len(all.Interfaces) != 3 {
		t.Fatalf("%+v", all)
	}
	nic := all.Interfaces[1]
	if nic.Kind != KindSRIOV || nic.Device.PCI.Address == "" || nic.Own == nil || !*nic.Own {
		t.Fatalf("%+v", nic)
	}
}

func TestErrors(t *testing.T) {
	missing := Pod{Root: "/nonexistent"}
	_, err := missing.JSON()
	if !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, syscall.ENOENT) {
		t.Errorf("not fs.ErrNotExist: %v", err)
	}
	var failure *Error
	if !errors.As(err, &failure) || failure.Errno != syscall.ENOENT {
		t.Errorf("not an Error: %#v", err)
	}
	if !strings.HasPrefix(err.Error(), "/nonexistent: ") {
		t.Errorf("text: %v", err)
	}
	for _, pod := range []Pod{{Container: "a\x00b"}, {Root: "/\x00"}} {
		if info, err := pod.CPUInfo(); info != nil || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("a NUL character: %v, %v", info, err)
		}
	}
	bad := Pod{Root: "../../tests/roots/status-malformed-json/root"}
	if all, err := bad.Interfaces(); all != nil || !errors.Is(err, syscall.EBADMSG) {
		t.Errorf("malformed: %v, %v", all, err)
	}
}

func TestEALArgs(t *testing.T) {
	main := uint32(3)
	options := EALOptions{
		Program:  "l3fwd",
		App:      AppL3fwd,
		Networks: []string{"net1", "net2"},
		Args:     []string{"--log-level", "7"},
		MainCPU:  &main,
	}
	args, err := pod(t).EALArgs(options)
	if err != nil {
		t.Fatal(err)
	}
	if args.Args[0] != "l3fwd" || args.Args[args.EAL] != "--" {
		t.Errorf("%v, %d", args.Args, args.EAL)
	}
	if len(args.Ports) != 2 || args.Lcores[0] != (Lcore{ID: 0, CPU: 3}) {
		t.Errorf("%+v", args)
	}
	main = 4000
	if args, err := pod(t).EALArgs(options); args != nil || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("CPU 4000: %v, %v", args, err)
	}
	nul := EALOptions{Args: []string{"a\x00b"}}
	if _, err := pod(t).EALArgs(nul); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a NUL character: %v", err)
	}
	if _, err := pod(t).EALArgs(EALOptions{App: 99}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("an unknown App: %v", err)
	}
}

// Every option reaches C: each changes the arguments.
func TestEveryEALOption(t *testing.T) {
	main := uint32(10)
	plain, err := pod(t).EALArgs(EALOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string]EALOptions{
		"Program":    {Program: "other"},
		"Networks":   {Networks: []string{"net1"}},
		"Args":       {Args: []string{"--log-level", ""}},
		"FilePrefix": {FilePrefix: "other"},
		"Memory":     {Memory: 1 << 30},
		"NoHuge":     {NoHuge: true},
		"Secondary":  {Secondary: true},
		"App":        {App: AppTestpmd},
		"Workers":    {Workers: 1},
		"MainCPU":    {MainCPU: &main},
		"AvoidSMT":   {AvoidSMT: true},
		"IOVAMode":   {IOVAMode: IOVAPhysical},
	} {
		args, err := pod(t).EALArgs(options)
		if err != nil || reflect.DeepEqual(args.Args, plain.Args) {
			t.Errorf("%s changes nothing: %v", name, err)
		}
	}
	if _, err := pod(t).EALArgs(EALOptions{DPDKVersion: "18.11"}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("DPDKVersion changes nothing: %v", err)
	}
	one, _ := pod(t).EALArgs(EALOptions{App: AppL3fwd})
	two, err := pod(t).EALArgs(EALOptions{App: AppL3fwd, Queues: 2})
	if err != nil || reflect.DeepEqual(one.Args, two.Args) {
		t.Errorf("Queues changes nothing: %v", err)
	}
}

func TestGoroutinesShareAPod(t *testing.T) {
	shared := pod(t)
	want, err := shared.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := 0; i < 16; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < 8; i++ {
				if found, err := shared.Interfaces(); err != nil || !reflect.DeepEqual(found, want) {
					t.Errorf("%v, %v", found, err)
				}
			}
		}()
	}
	group.Wait()
}

func TestNothingOfCIsKept(t *testing.T) {
	// A process without malloc's caches, which count as memory in use.
	if exact := "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"; os.Getenv("PODNET_EXACT") == "" {
		self := exec.Command(os.Args[0], "-test.run=^TestNothingOfCIsKept$")
		self.Env = append(os.Environ(), exact, "PODNET_EXACT=1")
		if output, err := self.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, output)
		}
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	shared, bad := pod(t), Pod{Root: "/nonexistent"}
	options := EALOptions{Networks: []string{"net1"}, Args: []string{"--log-level", "7"}}
	for name, call := range map[string]func() error{
		"CPUInfo":    func() error { _, err := shared.CPUInfo(); return err },
		"Hugepages":  func() error { _, err := shared.Hugepages(); return err },
		"Interfaces": func() error { _, err := shared.Interfaces(); return err },
		"EALArgs":    func() error { _, err := shared.EALArgs(options); return err },
		"JSON":       func() error { _, err := shared.JSON(); return err },
		"Wait":       func() error { return shared.Wait(context.Background(), "net1") },
		"an error": func() error {
			if _, err := bad.JSON(); err == nil {
				return errors.New("no error")
			}
			return nil
		},
	} {
		const rounds = 100
		many := func() {
			for i := 0; i < rounds; i++ {
				if err := call(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		many()
		// The least of three: a thread that Go starts meanwhile takes some memory as well.
		least := math.MaxInt
		for i := 0; i < 3; i++ {
			before := heap.InUse()
			many()
			if grown := heap.InUse() - before; grown < least {
				least = grown
			}
		}
		if least >= 16*rounds {
			t.Errorf("%s: %d bytes more in use", name, least)
		}
	}
}

func ExamplePod() {
	pod := Pod{Root: "../../samples/pods/sr-iov"} // Pod{} is the own one.
	all, err := pod.Interfaces()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, nic := range all.Interfaces {
		if nic.Device != nil && nic.Device.PCI != nil {
			fmt.Println(nic.Name, nic.Kind, nic.Device.PCI.Address)
		}
	}
	// Output:
	// net1 sr-iov 0000:3b:02.1
	// net2 sr-iov 0000:3b:0a.3
}

func TestJSON(t *testing.T) {
	text, err := pod(t).JSON()
	var snapshot struct{ Schema string }
	if err == nil {
		err = json.Unmarshal(text, &snapshot)
	}
	if err != nil || snapshot.Schema != "podnet/v1" {
		t.Errorf("%s: %v", text, err)
	}
	info, err := pod(t).CPUInfo()
	if err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(info)
	if err != nil || !strings.HasPrefix(string(written), `{"allowed":"`+info.Allowed.String()+`"`) {
		t.Errorf("%s: %v", written, err)
	}
	if Version() == "" {
		t.Error("no version")
	}
}
