// GIDs (IBA 4.1.1): the prefix of the subnet and the GUID of a port.

import { header, uint } from '../../protocols/core/index.js';

const GID = header('GID', [
  uint(64, 'prefix', 'of the subnet', { format: 'hex' }),
  uint(64, 'guid', 'of the port', { format: 'eui64' }),
]);

export const gidBytes = (prefix: bigint, guid: bigint): Uint8Array => GID.encode({ prefix, guid });

export const guidOfGid = (gid: Uint8Array, at = 0): bigint => GID.get.guid(gid, at);
export const prefixOfGid = (gid: Uint8Array, at = 0): bigint => GID.get.prefix(gid, at);
