// `nvme` of wireverbs/protocols: commands are called what the standard calls them (`nvme.read(...)`).

export * from './admin.js';
export * from './cqe.js';
export * from './data.js';
export * from './discovery.js';
export * from './fabrics.js';
export * from './feature.js';
export * from './identify-controller.js';
export * from './identify-namespace.js';
export * from './io.js';
export * from './list.js';
export * from './log.js';
export * from './names.js';
export * from './property.js';
export * from './rdma.js';
export * from './reservation.js';
export * from './sgl.js';
export * from './sqe.js';
export { CDW_AT, FABRICS_OPCODE, SQE, SQE_SIZE, SQEFabrics, SQENamespace } from './sqe-header.js';
export * from './status.js';
export { nvmeProtocols, nvmeSpaces } from './table.js';
export * from './tcp.js';
export * from './tcp-header.js';
export * from './tcp-stream.js';
