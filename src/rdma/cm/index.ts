export { settingsOf, settingsToAccept, usual } from './compose.js';
export * from './connection.js';
export * from './identifier.js';
export { addressesIn, IP_HEADER_SIZE, type IpAddresses, withAddresses } from './ip-private-data.js';
export { ConnectionManager, type ManagerOptions, type Verdict } from './manager.js';
export { type Message, type MessageName, readMessage, roomFor, writeMessage } from './message.js';
export * from './rdma-cm.js';
export { type Meaning, reasons } from './receive.js';
export * from './states.js';
