// Reads a capture with libtins: every packet becomes PDU objects, and the UDP port is looked at.

#include <tins/tins.h>

#include <chrono>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto start = std::chrono::steady_clock::now();
  unsigned long frames = 0, roce = 0;
  Tins::FileSniffer sniffer(argv[1]);
  sniffer.sniff_loop([&](const Tins::PDU& pdu) {
    frames++;
    const Tins::UDP* udp = pdu.find_pdu<Tins::UDP>();
    if (udp && udp->dport() == 4791) roce++;
    return true;
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("seconds %.6f\nframes %lu\nroce %lu\n", took.count(), frames, roce);
  return frames == roce ? 0 : 1;
}
