// Which protocols can be found on streams and on connections.

import { type Layer, mpaStream, nvme, type StreamProtocol } from '../../protocols/index.js';
import type { Service } from './service.js';

/** Protocols that TCP streams are searched for, in this order. */
export const streamProtocols: readonly StreamProtocol[] = [nvme.nvmeTcpStream, mpaStream];

/** What runs on a connection to that service; undefined where nothing is known of it. */
export function serviceOf(_serviceId: bigint, _request: readonly Layer[]): Service | undefined {
  return undefined;
}
