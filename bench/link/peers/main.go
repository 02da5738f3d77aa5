// A bulk transfer over kcp-go or quic-go, from `send` to `receive`:
//
//	peers kcp|kcp-fec|quic receive|send ADDRESS
//
// The receiver prints where it listens and then how much has come, one JSON object a line. Both go
// on until their stdin ends.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/xtaci/kcp-go/v5"
	"golang.org/x/crypto/pbkdf2"
)

const chunk = 64 << 10

// Room for a second at 100 Mbit/s and a round trip of 200 ms, so that no window is in the way.
const socketBuffer = 4 << 20

const reportInterval = 100 * time.Millisecond

func check[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: peers kcp|kcp-fec|quic receive|send ADDRESS")
		os.Exit(2)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	name, role, address := os.Args[1], os.Args[2], os.Args[3]
	isQuic, isReceiver := name == "quic", role == "receive"
	switch {
	case isQuic && isReceiver:
		receiveQuic(address)
	case isQuic:
		sendQuic(address)
	case isReceiver:
		receiveKcp(address, name == "kcp-fec")
	default:
		sendKcp(address, name == "kcp-fec")
	}
}

func listening(address net.Addr) {
	fmt.Printf("{\"event\":\"listening\",\"address\":\"%s\"}\n", address)
}

// Reads to the end, and reports on the way.
func drain(from io.Reader) {
	buffer := make([]byte, chunk)
	var bytes int64
	var start, reported time.Time
	for {
		length, err := from.Read(buffer)
		if length > 0 {
			now := time.Now()
			if bytes == 0 {
				start, reported = now, now
			}
			bytes += int64(length)
			if now.Sub(reported) >= reportInterval {
				reported = now
				fmt.Printf("{\"event\":\"progress\",\"bytes\":%d,\"seconds\":%.4f}\n",
					bytes, now.Sub(start).Seconds())
			}
		}
		if err != nil {
			return
		}
	}
}

func fill(to io.Writer) {
	buffer := make([]byte, chunk)
	rand.Read(buffer)
	for {
		check(to.Write(buffer))
	}
}

// The turbo mode that its authors recommend, with AES and windows that do not limit it.
func tune(session *kcp.UDPSession) *kcp.UDPSession {
	session.SetNoDelay(1, 10, 2, 1)
	session.SetWindowSize(2048, 2048)
	session.SetMtu(1400)
	session.SetStreamMode(true)
	session.SetWriteDelay(false)
	session.SetACKNoDelay(false)
	return session
}

func kcpOptions(fec bool) (cipher kcp.BlockCrypt, dataShards, parityShards int) {
	key := pbkdf2.Key([]byte("password"), []byte("salt"), 64, 32, sha1.New)
	if fec {
		dataShards, parityShards = 10, 3
	}
	return check(kcp.NewAESBlockCrypt(key)), dataShards, parityShards
}

func receiveKcp(address string, fec bool) {
	cipher, dataShards, parityShards := kcpOptions(fec)
	listener := check(kcp.ListenWithOptions(address, cipher, dataShards, parityShards))
	listener.SetReadBuffer(socketBuffer)
	listener.SetWriteBuffer(socketBuffer)
	listening(listener.Addr())
	drain(tune(check(listener.AcceptKCP())))
}

func sendKcp(address string, fec bool) {
	cipher, dataShards, parityShards := kcpOptions(fec)
	session := check(kcp.DialWithOptions(address, cipher, dataShards, parityShards))
	session.SetReadBuffer(socketBuffer)
	session.SetWriteBuffer(socketBuffer)
	fill(tune(session))
}

var quicConfig = &quic.Config{
	InitialStreamReceiveWindow:     16 << 20,
	MaxStreamReceiveWindow:         32 << 20,
	InitialConnectionReceiveWindow: 32 << 20,
	MaxConnectionReceiveWindow:     64 << 20,
}

func tlsConfig() *tls.Config {
	key := check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate := check(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return &tls.Config{
		Certificates:       []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
		NextProtos:         []string{"bulk"},
		InsecureSkipVerify: true,
	}
}

func receiveQuic(address string) {
	listener := check(quic.ListenAddr(address, tlsConfig(), quicConfig))
	listening(listener.Addr())
	connection := check(listener.Accept(context.Background()))
	drain(check(connection.AcceptUniStream(context.Background())))
}

func sendQuic(address string) {
	connection := check(quic.DialAddr(context.Background(), address, tlsConfig(), quicConfig))
	fill(check(connection.OpenUniStream()))
}
