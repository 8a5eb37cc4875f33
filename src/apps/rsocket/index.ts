// Stream sockets over RDMA.

export { RSocket, type StreamCosts } from './rsocket.js';
