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
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	bind := flag.String("bind", "127.0.0.1", "address to listen on")
	port := flag.String("port", "6379", "port to listen on")
	certificate := flag.String("tls-cert", "", "PEM file of the server's certificate")
	key := flag.String("tls-key", "", "PEM file of the certificate's key")
	password := flag.String("requirepass-file", "", "file that holds the password")
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
	var certificate atomic.Pointer[tls.Certificate]
	load := func() error {
		pair, err := tls.LoadX509KeyPair(from.certificate, from.key)
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		certificate.Store(&pair)
		return requirePassword(server, from.password)
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
	log.Printf("listening on %s", address)
	return waitForEnd(server, load)
}

func requirePassword(server *miniredis.Miniredis, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	password := strings.TrimSpace(string(content))
	if password == "" {
		return fmt.Errorf("password: %s is empty", file)
	}
	server.RequireAuth(password)
	return nil
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
