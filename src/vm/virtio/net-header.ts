// The header before each frame in the buffers of a network queue (virtio 1.2, 5.1.6): what it says of cutting and checksums,
// in both directions.

import { TCP } from '../../../protocols/index.js';
import { NetHeader } from '../../../protocols/virtio/index.js';

const { get, set } = NetHeader;
export const NET_HEADER_BYTES = NetHeader.size;
/** VIRTIO_NET_HDR_GSO_* (5.1.6). */
const TCPV4 = 1;
const TCPV6 = 4;

/** What matters of a header. */
export class NetOffload {
  /** Text of each frame that it is to be cut into, or was merged of; 0: it is one frame. */
  unit = 0;
  headerLength = 0;
  /** Its checksum is not made yet, or is known to be right. */
  partial = false;
  valid = false;
  buffers = 1;

  read(b: Uint8Array, at: number): this {
    const type = get.gsoType(b, at);
    this.unit = type === TCPV4 || type === TCPV6 ? get.gsoSize(b, at) : 0;
    this.headerLength = get.hdrLen(b, at);
    this.partial = get.needsCsum(b, at) !== 0;
    this.valid = get.dataValid(b, at) !== 0;
    this.buffers = get.numBuffers(b, at);
    return this;
  }

  /** @param transport where the transport header begins in the frame */
  write(b: Uint8Array, at: number, version: number, transport: number): void {
    b.fill(0, at, at + NET_HEADER_BYTES);
    set.numBuffers(b, at, this.buffers);
    if (this.valid) set.dataValid(b, at, 1);
    if (this.unit > 0) {
      set.gsoType(b, at, version === 4 ? TCPV4 : TCPV6);
      set.gsoSize(b, at, this.unit);
      set.hdrLen(b, at, this.headerLength);
    }
    if (!this.partial) return;
    set.needsCsum(b, at, 1);
    set.csumStart(b, at, transport);
    set.csumOffset(b, at, TCP.at.checksum);
  }
}
