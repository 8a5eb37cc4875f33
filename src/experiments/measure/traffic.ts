// What passes the ports of a fabric: frames and bytes of each host, and how long each direction of each link was occupied.
// Flow control of InfiniBand's links is the links' own and not counted as frames.

import type { Direction, Link } from '../../fabric/index.js';
import type { FramePool } from '../../frame/index.js';
import type { Lab } from '../../scenario/lab.js';
import type { Nanos } from '../../time/index.js';

/** IBA 7.9.4: a flow-control packet has six bytes. */
const LONGEST_FLOW_CONTROL = 6;

/** One port, as a tap sees it. */
export class PortTraffic {
  framesSent = 0;
  bytesSent = 0;
  framesReceived = 0;
  bytesReceived = 0;
  /** Nanoseconds for which what was sent occupied the link. */
  occupiedNs = 0;
  lost = 0;

  constructor(
    readonly name: string,
    readonly link: Link,
  ) {}

  // hot
  frame(_now: Nanos, direction: Direction, pool: FramePool, slot: number): void {
    const length = pool.length(slot);
    if (direction === 'out') this.occupiedNs += this.link.occupies(length);
    if (direction === 'lost' || direction === 'dropped') this.lost++;
    if (length <= LONGEST_FLOW_CONTROL) return;
    if (direction === 'out') {
      this.framesSent++;
      this.bytesSent += length;
    } else if (direction === 'in') {
      this.framesReceived++;
      this.bytesReceived += length;
    }
  }
}

/** Taps both ends of every link of a lab; ports are named 'h0 to s0'. */
export function watchLinks(lab: Lab): readonly PortTraffic[] {
  const used = new Map<string, number>();
  const next = (station: string): number => {
    const port = used.get(station) ?? 0;
    used.set(station, port + 1);
    return port;
  };
  return lab.topology.links.flatMap(({ a, b }, i) => {
    const link = lab.fabric.links[i]!;
    return [
      [a, b],
      [b, a],
    ].map(([from, to]) => {
      const traffic = new PortTraffic(`${from} to ${to}`, link);
      lab.tap(from!, traffic, next(from!));
      return traffic;
    });
  });
}
