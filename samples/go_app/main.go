// Command go_app prints what this pod was given, and the device of one of its
// networks.
//
//	go_app [NETWORK]
//
// Exit status: 0 done, 1 no such device, 2 wrong usage.
package main

import (
	"fmt"
	"os"
	"strings"

	"podnet"
)

func main() {
	args := os.Args[1:]
	if len(args) > 1 || len(args) == 1 && strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(os.Stderr, "usage: go_app [NETWORK]")
		os.Exit(2)
	}
	// A directory that stands for a whole pod, to try this outside of one.
	pod := podnet.Pod{Root: os.Getenv("PODNET_ROOT")}
	if err := run(pod, args); err != nil {
		fmt.Fprintln(os.Stderr, "go_app:", err)
		os.Exit(1)
	}
}

func run(pod podnet.Pod, asked []string) error {
	cpus, err := pod.CPUInfo()
	if err != nil {
		return err
	}
	fmt.Println("cpus", cpus.Allowed)
	hugepages, err := pod.Hugepages()
	if err != nil {
		return err
	}
	for _, page := range hugepages.Pages {
		fmt.Printf("hugepages of %d bytes: limit %s\n", page.Size, known(page.Limit))
	}
	all, err := pod.Interfaces()
	if err != nil {
		return err
	}
	for i := range all.Interfaces {
		nic := &all.Interfaces[i]
		fmt.Printf("interface %s (%s): %s\n", name(nic), nic.Network, nic.Kind)
	}
	if len(asked) == 1 {
		return printDevice(all, asked[0])
	}
	return nil
}

func printDevice(all *podnet.Interfaces, asked string) error {
	nic, err := find(all, asked)
	if err != nil {
		return err
	}
	address := addressOf(nic.Device)
	if address == "" {
		return fmt.Errorf("%s: no device behind it: it is of kind %s", asked, nic.Kind)
	}
	if nic.Own != nil && !*nic.Own {
		return fmt.Errorf("%s: %s was given to another container", asked, address)
	}
	var node *int
	if nic.Hardware != nil {
		node = nic.Hardware.NUMANode
	}
	fmt.Printf("device of %s: %s, NUMA node %s\n", name(nic), address, known(node))
	return nil
}

func find(all *podnet.Interfaces, asked string) (*podnet.Interface, error) {
	var found []*podnet.Interface
	for i := range all.Interfaces {
		if answersTo(&all.Interfaces[i], asked) {
			found = append(found, &all.Interfaces[i])
		}
	}
	why := "no such network"
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		why = "several interfaces, name one"
	}
	return nil, fmt.Errorf("%s: %s: the pod has %s", asked, why, whoIsThere(all))
}

// answersTo tells whether a network that is asked for as namespace/name, as
// name, or by the interface is this one's.
func answersTo(nic *podnet.Interface, asked string) bool {
	slash := strings.LastIndexByte(nic.Network, '/')
	return name(nic) == asked || nic.Network == asked || slash >= 0 && nic.Network[slash+1:] == asked
}

func whoIsThere(all *podnet.Interfaces) string {
	var labels []string
	for i := range all.Interfaces {
		nic := &all.Interfaces[i]
		labels = append(labels, fmt.Sprintf("%s (%s)", name(nic), nic.Network))
	}
	text := strings.Join(labels, ", ")
	if len(all.PendingNetworks) > 0 {
		text += "; not attached yet: " + strings.Join(all.PendingNetworks, ", ")
	}
	return text
}

// addressOf is what a program opens: a PCI address, a socket, a character device
// or a netdev.
func addressOf(device *podnet.Device) string {
	switch {
	case device == nil:
		return ""
	case device.PCI != nil:
		return device.PCI.Address
	case device.VDPA != nil && device.VDPA.Path != "":
		return device.VDPA.Path
	case device.VDPA != nil:
		return device.VDPA.ParentDevice
	case device.VhostUser != nil:
		return device.VhostUser.Path
	case device.Memif != nil:
		return device.Memif.Path
	case device.AFXDP != nil:
		return device.AFXDP.Netdev
	case device.Subfunction != nil:
		return device.Subfunction.Name
	}
	return ""
}

func name(nic *podnet.Interface) string {
	if nic.Name == "" {
		return "-"
	}
	return nic.Name
}

// known is what stands for a number that no source may give.
func known[T int | uint64](value *T) string {
	if value == nil {
		return "unknown"
	}
	return fmt.Sprint(*value)
}
