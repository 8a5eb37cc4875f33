// Frames forwarded by a driver in user space.

export { Forwarder, type ForwarderOptions } from './forwarder.js';
export type { UserDriverProfile } from './profile.js';
