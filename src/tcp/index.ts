export { move, type ReceiveSink, RingSink, RingSource, type SendSource } from './buffer.js';
export { type CongestionName, congestionNames } from './congestion/index.js';
export { TcpConnection } from './connection.js';
export { counterNames, type TcpCounter, type TcpCounters } from './counters.js';
export { type Buffers, Listener, type ListenOptions } from './listener.js';
export { linuxOptions, type TcpOptions } from './options.js';
export { Outgoing } from './outgoing.js';
export { Segment } from './segment.js';
export {
  type StateFacts,
  stateFacts,
  type TcpEvent,
  type TcpState,
  tcpStates,
  transitions,
} from './states.js';
export { EVENT, type TcpError, type TcpTracer } from './tcb.js';
export { type ConnectOptions, type TcpIp, TcpStack, type TcpStackOptions } from './tcp-stack.js';
export { writeHeader } from './write.js';
