// Every protocol by its key, for expressions, filters, documentation and tests that hold for all headers.

import { padding, payload } from './core/payload.js';
import type { Protocol } from './core/protocol.js';
import { ethernetProtocols } from './ethernet/all.js';
import { icmpProtocols } from './icmp/all.js';
import { infinibandProtocols } from './infiniband/all.js';
import { madProtocols } from './infiniband/mad/table.js';
import { ipProtocols } from './ip/all.js';
import { iwarpProtocols } from './iwarp/table.js';
import { nbdProtocols } from './nbd/table.js';
import { nvmeProtocols } from './nvme/table.js';
import { tcpOptions } from './tcp/option.js';
import { tcpSegment } from './tcp/segment.js';
import { tcp } from './tcp/tcp.js';
import { udp } from './udp/udp.js';
import { virtioProtocols } from './virtio/table.js';

/** All protocols, in the order of the documentation. */
export const protocols: readonly Protocol[] = [
  ...ethernetProtocols,
  ...ipProtocols,
  ...icmpProtocols,
  udp,
  tcp,
  ...tcpOptions,
  tcpSegment,
  ...infinibandProtocols,
  ...madProtocols,
  ...nvmeProtocols,
  ...iwarpProtocols,
  ...nbdProtocols,
  ...virtioProtocols,
  payload,
  padding,
];

/** The protocol of that key. */
export const protocolByKey: ReadonlyMap<string, Protocol> = new Map(
  protocols.map((p) => [p.key, p]),
);
