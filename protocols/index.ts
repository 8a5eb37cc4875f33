// `wireverbs/protocols`: wire formats as pure functions over bytes. Runs in a browser as it is.

export { bindings } from './bindings.js';
export * from './core/index.js';
export * from './ethernet/index.js';
export * from './frame.js';
export * from './icmp/index.js';
export * from './infiniband/index.js';
export * as mad from './infiniband/mad/index.js';
export * from './ip/index.js';
export * from './iwarp/index.js';
export * as nbd from './nbd/index.js';
export * as nvme from './nvme/index.js';
export * from './pcap/index.js';
export { protocolByKey, protocols } from './registry.js';
export * from './roce/index.js';
export * from './show/index.js';
export * from './tcp/index.js';
export * from './text/index.js';
export * from './udp/index.js';
export * as virtio from './virtio/index.js';
export * from './wire.js';
