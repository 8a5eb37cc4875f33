// Reads a capture with gopacket: as packets with layers of their own (the usual way, "packets"), or by one parser
// whose layers are filled again for every packet and which keeps nothing ("parser"). The package's own reader
// of pcap files needs no copy by cgo.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	start := time.Now()
	reader, err := pcapgo.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		panic(err)
	}
	packets := os.Args[2] == "packets"
	options := gopacket.DecodeOptions{NoCopy: true}
	var eth layers.Ethernet
	var ip layers.IPv4
	var udp layers.UDP
	var payload gopacket.Payload
	parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &ip, &udp, &payload)
	parser.IgnoreUnsupported = true
	decoded := []gopacket.LayerType{}
	frames, roce := 0, 0
	for {
		data, _, err := reader.ZeroCopyReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(err)
		}
		frames++
		if packets {
			packet := gopacket.NewPacket(data, layers.LayerTypeEthernet, options)
			if found, ok := packet.Layer(layers.LayerTypeUDP).(*layers.UDP); ok && found.DstPort == 4791 {
				roce++
			}
			continue
		}
		if err := parser.DecodeLayers(data, &decoded); err != nil {
			panic(err)
		}
		if udp.DstPort == 4791 {
			roce++
		}
	}
	fmt.Printf("seconds %.6f\nframes %d\nroce %d\n", time.Since(start).Seconds(), frames, roce)
	if frames != roce {
		os.Exit(1)
	}
}
