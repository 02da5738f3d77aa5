module peers

go 1.24

require (
	github.com/quic-go/quic-go v0.65.0
	github.com/xtaci/kcp-go/v5 v5.6.72
	golang.org/x/crypto v0.54.0
)
