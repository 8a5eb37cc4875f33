export type { Controller } from './controller.js';
export { Namespace, type NamespaceOptions } from './namespace.js';
export { type Port, TRANSPORTS, type TransportFacts } from './port.js';
export { type Carrier, Queue } from './queue.js';
export { newServed, type RdmaServed, type RdmaServerOptions, rdmaServer } from './rdma/index.js';
export { Request } from './request.js';
export { STATUS, type Status } from './status.js';
export { DISCOVERY_NQN, Subsystem, type SubsystemOptions } from './subsystem.js';
export { NvmeTarget } from './target.js';
export {
  NvmeTcpListener,
  newTcpServed,
  type SessionOptions,
  StackService,
  type TcpServed,
  type TcpServerOptions,
  TcpSession,
  tcpServer,
} from './tcp/index.js';
