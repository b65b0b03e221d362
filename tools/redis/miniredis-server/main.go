// Command miniredis-server speaks the Redis protocol over TLS with AUTH from memory, where no real redis-server can be had.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	redis "github.com/alicebob/miniredis/v2/server"
)

func main() {
	bind := flag.String("bind", "127.0.0.1", "address to listen on")
	port := flag.String("port", "6379", "port to listen on")
	certificate := flag.String("tls-cert", "", "PEM file of the server's certificate")
	key := flag.String("tls-key", "", "PEM file of the certificate's key")
	password := flag.String("requirepass-file", "", "file that holds the password, and on a second line another one that works too")
	flag.Parse()
	if err := serve(net.JoinHostPort(*bind, *port), files{*certificate, *key, *password}); err != nil {
		log.Fatal(err)
	}
}

// files are what the server reads at its start and again on SIGHUP.
type files struct {
	certificate, key, password string
}

func serve(address string, from files) error {
	server := miniredis.NewMiniRedis()
	var tokens atomic.Pointer[[]string]
	var certificate atomic.Pointer[tls.Certificate]
	load := func() error {
		pair, err := tls.LoadX509KeyPair(from.certificate, from.key)
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		certificate.Store(&pair)
		taken, err := requirePassword(server, from.password)
		tokens.Store(&taken)
		return err
	}
	if err := load(); err != nil {
		return err
	}
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return certificate.Load(), nil
	}}
	if err := server.StartAddrTLS(address, config); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer server.Close()
	server.Server().SetPreHook(func(_ *redis.Peer, command string, arguments ...string) bool {
		admitAll(*tokens.Load(), command, arguments)
		return false
	})
	log.Printf("listening on %s", address)
	return waitForEnd(server, load)
}

func requirePassword(server *miniredis.Miniredis, file string) ([]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	passwords := strings.Fields(string(content))
	if len(passwords) == 0 {
		return nil, fmt.Errorf("password: %s is empty", file)
	}
	server.RequireAuth(passwords[0])
	return passwords, nil
}

// admitAll puts the first password in place of any other that works too: the server knows one of a user only.
func admitAll(passwords []string, command string, arguments []string) {
	if len(arguments) == 0 || (command != "AUTH" && command != "HELLO") {
		return
	}
	for i, argument := range arguments {
		if i == 0 && command == "HELLO" {
			continue
		}
		if slices.Contains(passwords, argument) {
			arguments[i] = passwords[0]
		}
	}
}

// waitForEnd moves the server's clock, which stands still by itself, until the process is told to end.
func waitForEnd(server *miniredis.Miniredis, reload func() error) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
			server.FastForward(time.Second)
		case received := <-signals:
			if received != syscall.SIGHUP {
				return nil
			}
			if err := reload(); err != nil {
				return err
			}
		}
	}
}
