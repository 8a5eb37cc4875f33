// ns-3's side of the comparison of fabrics: UDP datagrams of one size from every host to the host half of all away,
// payload virtual, no checksums (ns-3's defaults). Usage: fabric pair|fat-tree K DATAGRAMS PAYLOAD. Prints how many
// packets reached a port, counted from what arrived and the length of its path, and the CPU seconds of the event loop.

#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

using namespace ns3;

namespace {

const char *const kHostRate = "25Gbps";
const char *const kFabricRate = "400Gbps";
const char *const kDelay = "10ns"; // two metres
const uint16_t kPort = 4791;
// What the host's link carries a datagram's payload in: IP and UDP, and ns-3's PPP.
const uint32_t kHeaders = 20 + 8 + 2;

NodeContainer hosts;
Ipv4AddressHelper subnets("10.0.0.0", "255.255.255.252");
std::vector<Ipv4Address> address;

void Join(Ptr<Node> a, Ptr<Node> b, const char *rate) {
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue(rate));
  link.SetChannelAttribute("Delay", StringValue(kDelay));
  Ipv4InterfaceContainer ends = subnets.Assign(link.Install(a, b));
  subnets.NewNetwork();
  if (rate == kHostRate) address.push_back(ends.GetAddress(0));
}

/** Two hosts and a cable; both ends are hosts. */
int Pair() {
  hosts.Create(2);
  InternetStackHelper().Install(hosts);
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue(kHostRate));
  link.SetChannelAttribute("Delay", StringValue(kDelay));
  Ipv4InterfaceContainer ends = subnets.Assign(link.Install(hosts));
  address = {ends.GetAddress(0), ends.GetAddress(1)};
  return 1;
}

/** The k-ary fat tree of Al-Fares et al. (2008), wired as our topology is. */
int FatTree(int k) {
  const int half = k / 2;
  NodeContainer edge, aggregation, core;
  hosts.Create(k * half * half);
  edge.Create(k * half);
  aggregation.Create(k * half);
  core.Create(half * half);
  InternetStackHelper().InstallAll();
  for (uint32_t i = 0; i < hosts.GetN(); i++) Join(hosts.Get(i), edge.Get(i / half), kHostRate);
  for (int i = 0; i < k * half; i++)
    for (int j = 0; j < half; j++) {
      Join(edge.Get(i), aggregation.Get(i / half * half + j), kFabricRate);
      Join(aggregation.Get(i), core.Get(i % half * half + j), kFabricRate);
    }
  return 6;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  const int k = atoi(argv[2]);
  const uint32_t datagrams = atoi(argv[3]), payload = atoi(argv[4]);
  // Every packet takes one of the equal paths.
  Config::SetDefault("ns3::Ipv4GlobalRouting::RandomEcmpRouting", BooleanValue(true));
  const int path = strcmp(argv[1], "pair") == 0 ? Pair() : FatTree(k);
  Ipv4GlobalRoutingHelper::PopulateRoutingTables();

  const uint32_t count = hosts.GetN();
  PacketSinkHelper sink("ns3::UdpSocketFactory", InetSocketAddress(Ipv4Address::GetAny(), kPort));
  ApplicationContainer sinks = sink.Install(hosts);
  for (uint32_t i = 0; i < count; i++) {
    OnOffHelper source("ns3::UdpSocketFactory",
                       InetSocketAddress(address[(i + count / 2) % count], kPort));
    // As fast as the host's link takes them, so that no queue grows.
    const uint64_t bits = DataRate(kHostRate).GetBitRate();
    source.SetConstantRate(DataRate(bits * payload / (payload + kHeaders)), payload);
    source.SetAttribute("MaxBytes", UintegerValue(uint64_t(datagrams) * payload));
    source.Install(hosts.Get(i));
  }
  const clock_t from = clock();
  Simulator::Run();
  const double took = double(clock() - from) / CLOCKS_PER_SEC;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) bytes += DynamicCast<PacketSink>(sinks.Get(i))->GetTotalRx();
  printf("hops %llu\nlost %llu\nseconds %f\n", (unsigned long long)(bytes / payload * path),
         (unsigned long long)(uint64_t(datagrams) * count - bytes / payload), took);
  Simulator::Destroy();
  return 0;
}
