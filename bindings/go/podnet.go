// Package podnet tells a program inside a Kubernetes pod which CPUs, hugepages
// and network interfaces it was given, and makes the arguments that DPDK needs
// of them.
//
//	var pod podnet.Pod
//	all, err := pod.Interfaces()
//	if err != nil {
//		return err
//	}
//	for _, nic := range all.Interfaces {
//		fmt.Println(nic.Name, nic.Kind, nic.IPs)
//	}
//
// It calls the C library libpodnet, which pkg-config has to find when the
// program is built. Results are Go values: nothing but a Watch is to be closed,
// and nothing is to be freed.
//
// A nil pointer or an empty string is what no source gives; of what the library
// gives, no string that may be absent is empty. Sizes are bytes. encoding/json
// writes results under the names of the schema podnet/v1, without the strings
// that are absent.
package podnet

// #cgo pkg-config: podnet
// #include <stdlib.h>
// #include <podnet.h>
import "C"

import (
	"strings"
	"syscall"
	"unsafe"
)

// A Pod says how to look at a pod. Its zero value is the pod that this process
// runs in. Every call looks afresh, and goroutines may share a Pod.
type Pod struct {
	// Root is the directory that stands for "/". Under any but that, the
	// environment is read from proc/self/environ below it.
	Root string
	// DownwardAPIDir is where the Downward API is mounted, as the pod sees it;
	// empty is /etc/podnetinfo, or /etc/podinfo where that does not exist.
	DownwardAPIDir string
	// Container is the name of the own container; empty is the variable
	// CONTAINER_NAME.
	Container string
	// AssignByOrder gives devices without any evidence to interfaces by position.
	AssignByOrder bool
}

// An Error is why a call failed. It wraps its Errno: errors.Is(err,
// fs.ErrNotExist) and errors.Is(err, syscall.EBADMSG) work. Those of Pod.Wait are
// ErrNotMounted and its like as well.
type Error struct {
	Errno syscall.Errno
	// Text is one line, "path: what: why".
	Text string

	// kind is one of the variables of Wait, cause what ended a context.
	kind, cause error
}

func newError(code C.int, failure *C.struct_podnet_error) *Error {
	return &Error{Errno: syscall.Errno(-code), Text: C.GoString(&failure.text[0])}
}

func (e *Error) Error() string { return e.Text }

// Is tells whether target is what Pod.Wait ended with.
func (e *Error) Is(target error) bool {
	return target != nil && (target == e.kind || target == e.cause)
}

// Unwrap returns the Errno.
func (e *Error) Unwrap() error { return e.Errno }

// Version returns the version of the C library, such as "0.1.0".
func Version() string { return C.GoString(C.podnet_version()) }

// CPUInfo returns the CPUs of this container.
func (p Pod) CPUInfo() (*CPUInfo, error) {
	var info *CPUInfo
	err := p.with(func(pod *C.struct_podnet, failure *C.struct_podnet_error) C.int {
		var found *C.struct_podnet_cpu_info
		code := C.podnet_get_cpu_info(pod, &found, failure)
		if code == 0 {
			defer C.podnet_cpu_info_free(found)
			info = goCPUInfo(found)
		}
		return code
	})
	return info, err
}

// Hugepages returns the hugepages of this container.
func (p Pod) Hugepages() (*Hugepages, error) {
	var hugepages *Hugepages
	err := p.with(func(pod *C.struct_podnet, failure *C.struct_podnet_error) C.int {
		var found *C.struct_podnet_hugepages
		code := C.podnet_get_hugepages(pod, &found, failure)
		if code == 0 {
			defer C.podnet_hugepages_free(found)
			hugepages = goHugepages(found)
		}
		return code
	})
	return hugepages, err
}

// Interfaces returns the interfaces of the pod and the devices behind them.
// What is not there yet is no error: see Interfaces.State.
func (p Pod) Interfaces() (*Interfaces, error) {
	var interfaces *Interfaces
	err := p.with(func(pod *C.struct_podnet, failure *C.struct_podnet_error) C.int {
		var found *C.struct_podnet_interfaces
		code := C.podnet_get_interfaces(pod, &found, failure)
		if code == 0 {
			defer C.podnet_interfaces_free(found)
			interfaces = goInterfaces(found)
		}
		return code
	})
	return interfaces, err
}

// JSON returns everything about the pod in the schema podnet/v1. Sources that
// can't be read or understood don't make it fail: they are warnings in it.
func (p Pod) JSON() ([]byte, error) {
	var text []byte
	err := p.with(func(pod *C.struct_podnet, failure *C.struct_podnet_error) C.int {
		var found *C.char
		code := C.podnet_get_json(pod, &found, failure)
		if code == 0 {
			defer C.podnet_string_free(found)
			text = []byte(C.GoString(found))
		}
		return code
	})
	return text, err
}

// with opens the pod for the length of one call. That reads nothing, so there is
// no handle worth keeping, and none to close.
func (p Pod) with(call func(*C.struct_podnet, *C.struct_podnet_error) C.int) error {
	var kept allocations
	defer kept.free()
	var config C.struct_podnet_config
	config.size = C.sizeof_struct_podnet_config
	config.root = kept.text(p.Root)
	config.downward_api_dir = kept.text(p.DownwardAPIDir)
	config.container_name = kept.text(p.Container)
	if p.AssignByOrder {
		config.flags = C.PODNET_ASSIGN_BY_ORDER
	}
	if kept.err != nil {
		return kept.err
	}
	var pod *C.struct_podnet
	var failure C.struct_podnet_error
	code := C.podnet_open(&config, &pod, &failure)
	if code == 0 {
		defer C.podnet_close(pod)
		code = call(pod, &failure)
	}
	if code < 0 {
		return newError(code, &failure)
	}
	return nil
}

// allocations are the strings of one call, in C's memory.
type allocations struct {
	pointers []unsafe.Pointer
	err      error
}

// text is NULL for an empty string.
func (a *allocations) text(text string) *C.char {
	if text == "" {
		return nil
	}
	return a.word(text)
}

func (a *allocations) word(text string) *C.char {
	if strings.IndexByte(text, 0) >= 0 {
		a.err = &Error{Errno: syscall.EINVAL, Text: "podnet: a string holds a NUL character"}
		return nil
	}
	pointer := C.CString(text)
	a.pointers = append(a.pointers, unsafe.Pointer(pointer))
	return pointer
}

// texts is NULL for an empty list.
func (a *allocations) texts(texts []string) (**C.char, C.size_t) {
	if len(texts) == 0 {
		return nil, 0
	}
	var pointer *C.char
	list := C.calloc(C.size_t(len(texts)), C.size_t(unsafe.Sizeof(pointer)))
	a.pointers = append(a.pointers, list)
	words := unsafe.Slice((**C.char)(list), len(texts))
	for i := range texts {
		words[i] = a.word(texts[i])
	}
	return (**C.char)(list), C.size_t(len(texts))
}

func (a *allocations) free() {
	for _, pointer := range a.pointers {
		C.free(pointer)
	}
}
