// An OCI registry in memory with the referrers API, for tests: go-containerregistry's own, on a loopback port.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"runtime/debug"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: referrers-registry --version | 127.0.0.1:PORT")
	}
	if os.Args[1] == "--version" {
		fmt.Println(version())
		return
	}
	quiet := registry.Logger(log.New(io.Discard, "", 0))
	log.Fatal(http.ListenAndServe(os.Args[1], registry.New(registry.WithReferrersSupport(true), quiet)))
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/google/go-containerregistry" {
			return module.Version
		}
	}
	return "unknown"
}
