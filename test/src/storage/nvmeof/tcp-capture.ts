// NVMe/TCP of a capture: the bytes of each connection, frame by frame, and the PDUs that they are.

import { Ethernet, IPv4, nvme, TCP } from '../../../../protocols/index.js';
import { capturedFrames } from '../../../support/capture.js';
import { assert } from '../../../support/spec.js';

/** What one frame carried for one connection. */
export interface Carried {
  readonly frame: number;
  /** The host's port names its connection. */
  readonly connection: number;
  readonly fromHost: boolean;
  readonly bytes: Uint8Array;
  readonly time: bigint;
}

const ETHERTYPE_IPV4 = 0x0800;
const TCP_NUMBER = 6;
const NVME_PORT = 4420;

/** All bytes of NVMe/TCP in the order of frames; nothing was lost in these captures, and that is made sure. */
export function carried(name: string): Carried[] {
  const found: Carried[] = [];
  const next = new Map<string, number>();
  for (const { bytes, timestamp, number: frame } of capturedFrames(name)) {
    const at = Ethernet.size;
    if (Ethernet.get.type(bytes, 0) !== ETHERTYPE_IPV4) continue;
    if (IPv4.get.protocol(bytes, at) !== TCP_NUMBER) continue;
    const tcpAt = at + IPv4.get.ihl(bytes, at) * 4;
    const end = at + IPv4.get.totalLength(bytes, at);
    const from = tcpAt + TCP.get.dataOffset(bytes, tcpAt) * 4;
    const ports = [TCP.get.srcPort(bytes, tcpAt), TCP.get.dstPort(bytes, tcpAt)] as const;
    if (from === end || !ports.includes(NVME_PORT)) continue;
    const fromHost = ports[1] === NVME_PORT;
    const connection = fromHost ? ports[0] : ports[1];
    const key = `${connection} ${fromHost}`;
    const seq = TCP.get.seq(bytes, tcpAt);
    assert.is(next.get(key) ?? seq, seq, `frame ${frame} follows the one before`);
    next.set(key, (seq + end - from) >>> 0);
    found.push({ frame, connection, fromHost, bytes: bytes.slice(from, end), time: timestamp });
  }
  return found;
}

/** Cuts a stream into PDUs as they become whole. */
export class Cutter {
  #rest = new Uint8Array(0);

  push(bytes: Uint8Array): Uint8Array[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const pdus: Uint8Array[] = [];
    let at = 0;
    while (all.length - at >= nvme.TCP.size) {
      const end = at + nvme.TCP.get.plen(all, at);
      if (end > all.length) break;
      pdus.push(all.slice(at, end));
      at = end;
    }
    this.#rest = all.slice(at);
    return pdus;
  }
}
