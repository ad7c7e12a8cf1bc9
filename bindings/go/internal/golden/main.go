// Golden prints what the package says of pods, for tests/bindings.rs. A line of
// the input names one: root, Downward API directory, container and flags,
// separated by tabs; a dash is none. For each pod one line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"podnet"
)

// set is a CPU set with both of its forms.
type set struct {
	List string `json:"list"`
	IDs  []int  `json:"ids"`
}

func full(found podnet.CPUSet) *set { return &set{found.List, found.IDs} }

func some(found *podnet.CPUSet) *set {
	if found == nil {
		return nil
	}
	return full(*found)
}

// cpus is a CPUInfo with both forms of its sets.
func cpus(info *podnet.CPUInfo) any {
	type node struct {
		Node int  `json:"node"`
		CPUs *set `json:"cpus"`
	}
	nodes, cores := []node{}, []*set{}
	for _, one := range info.Nodes {
		nodes = append(nodes, node{one.Node, full(one.CPUs)})
	}
	for _, core := range info.Cores {
		cores = append(cores, full(core))
	}
	return map[string]any{
		"allowed":         full(info.Allowed),
		"count":           info.Count,
		"exclusive":       info.Exclusive,
		"exclusiveReason": info.ExclusiveReason,
		"isolated":        some(info.Isolated),
		"shared":          some(info.Shared),
		"housekeeping":    some(info.Housekeeping),
		"quota":           info.Quota,
		"memoryNodes":     some(info.MemoryNodes),
		"nodes":           nodes,
		"cores":           cores,
		"sources": map[string]any{
			"affinity": some(info.Sources.Affinity),
			"cpuset":   some(info.Sources.Cpuset),
			"cgroup":   info.Sources.Cgroup,
		},
	}
}

// answer is a result, or the error instead.
func answer[T any](result T, err error) any {
	var failure *podnet.Error
	if errors.As(err, &failure) {
		var errno syscall.Errno
		errors.As(err, &errno)
		return map[string]any{"errno": int(errno), "error": err.Error()}
	}
	return result
}

func main() {
	given := func(field string) string {
		if field == "-" {
			return ""
		}
		return field
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		pod := podnet.Pod{
			Root:           given(fields[0]),
			DownwardAPIDir: given(fields[1]),
			Container:      given(fields[2]),
			AssignByOrder:  given(fields[3]) != "",
		}
		out := map[string]any{}
		info, err := pod.CPUInfo()
		if out["cpus"] = answer(info, err); err == nil {
			out["cpus"] = cpus(info)
		}
		out["hugepages"] = answer(pod.Hugepages())
		out["interfaces"] = answer(pod.Interfaces())
		out["eal"] = answer(pod.EALArgs(podnet.EALOptions{
			Program:    "golden",
			FilePrefix: "golden",
			App:        podnet.AppL3fwd,
			Args:       []string{"--log-level", "7"},
		}))
		text, err := pod.JSON()
		out["json"] = json.RawMessage(text)
		if err != nil {
			out["json"] = answer(text, err)
		}
		line, err := json.Marshal(out)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(string(line))
	}
}
