// ns-3's side of the comparison of TCP: one bulk transfer from host to host over a cable, payload virtual, no checksums
// (ns-3's defaults), CUBIC, SACK, time stamps and window scaling as ours. Usage: tcp BITS DELAY_NS SEGMENT BUFFER BYTES.
// Prints how many packets reached a port, data and acknowledgments, and the CPU seconds of the event loop.

#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace ns3;

namespace {

const uint16_t kPort = 7;
uint64_t hops = 0;

void Arrived(Ptr<const Packet>) { hops++; }

} // namespace

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  const uint64_t bits = atoll(argv[1]), bytes = atoll(argv[5]);
  const uint32_t delay = atoi(argv[2]), segment = atoi(argv[3]), buffer = atoi(argv[4]);
  Config::SetDefault("ns3::TcpL4Protocol::SocketType", TypeIdValue(TcpCubic::GetTypeId()));
  Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(segment));
  Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(buffer));
  Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(buffer));
  Config::SetDefault("ns3::TcpSocket::InitialCwnd", UintegerValue(10));
  // Whoever calls less often pays less: text is handed over as our writer does it.
  Config::SetDefault("ns3::BulkSendApplication::SendSize", UintegerValue(65536));
  // The window is all that limits what is on its way: no packet is lost, here as there.
  Config::SetDefault("ns3::DropTailQueue<Packet>::MaxSize", QueueSizeValue(QueueSize("10000p")));

  NodeContainer hosts;
  hosts.Create(2);
  InternetStackHelper().Install(hosts);
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", DataRateValue(DataRate(bits)));
  link.SetChannelAttribute("Delay", TimeValue(NanoSeconds(delay)));
  NetDeviceContainer devices = link.Install(hosts);
  Ipv4InterfaceContainer ends = Ipv4AddressHelper("10.0.0.0", "255.255.255.252").Assign(devices);
  TrafficControlHelper().Uninstall(devices);
  for (uint32_t i = 0; i < 2; i++)
    devices.Get(i)->TraceConnectWithoutContext("MacRx", MakeCallback(&Arrived));

  ApplicationContainer sink =
      PacketSinkHelper("ns3::TcpSocketFactory", InetSocketAddress(Ipv4Address::GetAny(), kPort))
          .Install(hosts.Get(1));
  BulkSendHelper source("ns3::TcpSocketFactory", InetSocketAddress(ends.GetAddress(1), kPort));
  source.SetAttribute("MaxBytes", UintegerValue(bytes));
  source.Install(hosts.Get(0));

  const clock_t from = clock();
  Simulator::Run();
  const double took = double(clock() - from) / CLOCKS_PER_SEC;
  const uint64_t got = DynamicCast<PacketSink>(sink.Get(0))->GetTotalRx();
  printf("hops %llu\nlost %llu\nseconds %f\n", (unsigned long long)hops,
         (unsigned long long)(bytes - got), took);
  Simulator::Destroy();
  return got == bytes ? 0 : 1;
}
