"""Reads a capture with scapy, which knows RoCE v2, and looks at the BTH of every packet."""

import sys
import time

from scapy.contrib.roce import BTH
from scapy.layers.inet import UDP  # noqa: F401  (binds Ethernet, IP and UDP)
from scapy.layers.l2 import Ether  # noqa: F401
from scapy.utils import PcapReader

start = time.perf_counter()
frames = psns = 0
with PcapReader(sys.argv[1]) as reader:
    for packet in reader:
        frames += 1
        if BTH in packet:
            psns += 1
print(f"seconds {time.perf_counter() - start:.6f}")
sys.exit(0 if frames == psns else 1)
