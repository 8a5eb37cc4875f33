export {
  newTcpServed,
  type TcpServed,
  type TcpServerOptions,
  tcpServer,
} from './kernel-service.js';
export { NvmeTcpListener } from './listener.js';
export { PduReader } from './pdu-reader.js';
export { type SessionOptions, TcpSession } from './session.js';
export { StackService } from './stack-service.js';
