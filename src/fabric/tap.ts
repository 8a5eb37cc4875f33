// Taps write what they see to pcapng: nanosecond time stamps, an interface a tapped port, and for each frame that
// was lost or dropped its reason as a comment. InfiniBand goes in as records of Endace's cards, which tshark reads.

import { FlowControl, LINKTYPE_INFINIBAND_FLOW } from '../../protocols/index.js';
import { type PacketToWrite, PcapngWriter } from '../../protocols/pcap/index.js';
import type { FramePool } from '../frame/index.js';
import type { Nanos } from '../time/index.js';

/** epb_flags (pcapng 4.3.1): direction of the frame as seen from the interface. */
const INBOUND = 1;
const OUTBOUND = 2;
const INFINIBAND = 247;

const NONE = -1;

/** 'lost' on the wire behind the port, 'dropped' by the station after it came in. */
export type Direction = 'out' | 'in' | 'lost' | 'dropped';

/** One capture file that several ports write to. */
export class CaptureTap {
  readonly #writer: PcapngWriter;
  /** Frames written. */
  frames = 0;

  /** `write` gets the file's bytes piece by piece, the last ones with `flush`. */
  constructor(
    readonly write: (bytes: Uint8Array) => void,
    application = 'wireverbs',
  ) {
    this.#writer = new PcapngWriter({ application });
  }

  /**
   * A port's tap. `linkType` 1 is Ethernet, 247 InfiniBand. `only` leaves out what it does not name; `offsetSeconds`
   * is the calendar's time at which the driver's begins. Flow-control packets of InfiniBand links are left out, for there
   * are as many of them as of others, unless asked for: then they have an interface of their own.
   */
  port(
    name: string,
    linkType = 1,
    only: readonly Direction[] = ['out', 'in', 'lost', 'dropped'],
    offsetSeconds = 0,
    flowControl = false,
  ) {
    const erf = linkType === INFINIBAND;
    const dataId = this.#writer.interface({ name, linkType, erf, offsetSeconds });
    const flowId =
      erf && flowControl
        ? this.#writer.interface({ name, linkType: LINKTYPE_INFINIBAND_FLOW, erf, offsetSeconds })
        : NONE;
    return {
      frame: (
        now: Nanos,
        direction: Direction,
        pool: FramePool,
        slot: number,
        why: string,
      ): void => {
        if (!only.includes(direction)) return;
        const interfaceId = erf && pool.length(slot) === FlowControl.size ? flowId : dataId;
        if (interfaceId === NONE) return;
        const at = pool.at(slot);
        const packet: PacketToWrite = {
          bytes: pool.bytes(slot),
          at,
          end: at + pool.length(slot),
          seconds: offsetSeconds + Math.floor(now / 1e9),
          nanoseconds: now % 1e9,
          interfaceId,
          flags: direction === 'in' || direction === 'dropped' ? INBOUND : OUTBOUND,
          ...(why !== '' && { comments: [`${direction}: ${why}`] }),
        };
        this.#writer.packet(packet);
        this.frames++;
        if (this.#writer.pending > FLUSH_BYTES) this.flush();
      },
    };
  }

  flush(): void {
    this.write(this.#writer.take());
  }
}

const FLUSH_BYTES = 1 << 20;
