// Which protocols can be found on streams and on connections.

import {
  type Layer,
  mpaStream,
  nbdStream,
  nvme,
  type StreamProtocol,
} from '../../protocols/index.js';
import { NvmeService } from './nvme-service.js';
import type { Service } from './service.js';

/** Protocols that TCP streams are searched for, in this order. */
export const streamProtocols: readonly StreamProtocol[] = [
  nvme.nvmeTcpStream,
  mpaStream,
  nbdStream,
];

/** What keeps the state of a stream of that protocol, where it has any beyond its framing. */
export const streamService = (protocol: StreamProtocol): Service | undefined =>
  protocol === nvme.nvmeTcpStream ? new NvmeService() : undefined;

/** Service identifiers of the RDMA IP CM service are the port space and a port (IBA A11.2). */
const PORT_MASK = 0xffffn;

/** What runs on a connection to that service; undefined where nothing is known of it. */
export function serviceOf(serviceId: bigint, request: readonly Layer[]): Service | undefined {
  if (Number(serviceId & PORT_MASK) !== nvme.NVME_RDMA_PORT) return undefined;
  return new NvmeService(request.find((l) => l.protocol === nvme.nvmeRdmaReq)?.number('qid'));
}
