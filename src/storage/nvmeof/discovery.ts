// The discovery log (Base 2.0 5.16.1.23): what hosts can connect to at the port over which they ask, this discovery
// subsystem first.

import { nvme } from '../../../protocols/index.js';
import type { Controller } from './controller.js';
import { FIRST_SIZE } from './queue.js';

const IPV4 = 1;
const IPV6 = 2;
const CURRENT_DISCOVERY = 3;
const NVM_SUBSYSTEM = 2;
const ANY_CONTROLLER = 0xffff;
/** What RDMA needs: connected queue pairs, of any provider, connected by the RDMA CM. */
const TSAS_RDMA = { qptype: 1, prtype: 1, cms: 1 };

const named = (text: string, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(text).subarray(0, size));
  return bytes;
};

export function discoveryPage({ target, subsystem, hostnqn, port }: Controller): Uint8Array {
  const offered = [...target.subsystems].filter(({ hosts }) => !hosts || hosts.has(hostnqn));
  const records = [
    { nqn: subsystem.nqn, subtype: CURRENT_DISCOVERY },
    ...offered.map(({ nqn }) => ({ nqn, subtype: NVM_SUBSYSTEM })),
  ];
  const { size } = nvme.DiscoveryLog;
  const page = new Uint8Array(size * (1 + records.length));
  const numrec = BigInt(records.length);
  nvme.DiscoveryLog.encode({ genctr: BigInt(target.generation), numrec }, page);
  const { transport, portid, address, service } = port;
  records.forEach(({ nqn, subtype }, i) => {
    const at = size * (1 + i);
    const entry = {
      trtype: transport.trtype,
      adrfam: address.includes(':') ? IPV6 : IPV4,
      subtype,
      noSqFlow: 1,
      portid,
      cntlid: ANY_CONTROLLER,
      asqsz: FIRST_SIZE,
      trsvcid: named(service, 32),
      subnqn: named(nqn, 256),
      traddr: named(address, 256),
    };
    nvme.DiscoveryEntry.encode(entry, page, at);
    if (transport.keyed) nvme.TSASRdma.encode(TSAS_RDMA, page, at + nvme.DiscoveryEntry.size);
  });
  return page;
}
