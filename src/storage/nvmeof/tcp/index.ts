export { NvmeTcpListener } from './listener.js';
export { PduReader } from './pdu-reader.js';
export { type SessionOptions, TcpSession } from './session.js';
export { StackService } from './stack-service.js';
