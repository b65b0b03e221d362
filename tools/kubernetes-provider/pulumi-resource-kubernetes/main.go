// Serves Pulumi's own Kubernetes provider, as its released plugin does.
package main

import (
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

// The names of the inputs that types have, each line of them followed by those types.
//
//go:embed inputs.txt
var inputs string

func main() {
	provider.Serve("kubernetes", version.Version, schema(), nil)
}

// schema has of the published schema what the provider itself reads: which properties of a type are inputs.
func schema() []byte {
	type named map[string]struct{}
	type resource struct {
		InputProperties named `json:"inputProperties"`
	}
	resources := map[string]resource{}
	var properties named
	for _, line := range strings.Split(strings.TrimSpace(inputs), "\n") {
		if token, isType := strings.CutPrefix(line, "  "); isType {
			resources[token] = resource{properties}
			continue
		}
		properties = named{}
		for _, name := range strings.Fields(line) {
			properties[name] = struct{}{}
		}
	}
	text, err := json.Marshal(map[string]any{"name": "kubernetes", "version": version.Version, "resources": resources})
	if err != nil {
		panic(err)
	}
	return text
}
