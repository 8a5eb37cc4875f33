// Which protocols can be found on streams and on connections.

import { type Layer, mpaStream, nbd, nvme, type StreamProtocol } from '../../protocols/index.js';
import { NvmeService } from './nvme-service.js';
import { RdmapService } from './rdmap-service.js';
import type { Host, Service } from './service.js';
import type { Connection } from './tcp-connection.js';

/** Protocols that TCP streams are searched for, in this order. */
export const streamProtocols: readonly StreamProtocol[] = [nvme.tcpStream, mpaStream, nbd.stream];

/** What keeps the state of a stream of that protocol, where it has any beyond its framing. */
export function streamService(
  protocol: StreamProtocol,
  connection: Connection,
  host: Host,
): Service | undefined {
  if (protocol === nvme.tcpStream) return new NvmeService();
  if (protocol !== mpaStream) return undefined;
  // RFC 5044 knows no service identifiers: the server's port says what runs over iWARP.
  const isNvme = connection.ports.includes(nvme.RDMA_PORT);
  return new RdmapService(host, (request) => (isNvme ? nvmeOver(request) : undefined));
}

/** An MPA request's private data ends in that of NVMe/RDMA (NVMe RDMA Transport 1.0 3.2), if in any. */
function nvmeOver({ bytes, bodyEnd, end }: Layer): Service {
  const at = bodyEnd - nvme.RDMAReq.size;
  return new NvmeService(at >= end ? nvme.RDMAReq.get.qid(bytes, at) : undefined);
}

/** Service identifiers of the RDMA IP CM service are the port space and a port (IBA A11.2). */
const PORT_MASK = 0xffffn;

/** What runs on a connection to that service; undefined where nothing is known of it. */
export function serviceOf(serviceId: bigint, request: readonly Layer[]): Service | undefined {
  if (Number(serviceId & PORT_MASK) !== nvme.RDMA_PORT) return undefined;
  return new NvmeService(request.find((l) => l.protocol === nvme.rdmaReq)?.number('qid'));
}
