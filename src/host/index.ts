export {
  Adapter,
  type AdapterMachine,
  type AdapterOptions,
  type InterruptTarget,
  type SharedEngines,
} from './adapter.js';
export type { Computer, Tenant } from './computer.js';
export { makeReady } from './connect.js';
export { ConnectionWatch, type ConnectionWatchOptions } from './connection-watch.js';
export { type Directory, GeneralServices } from './general-services.js';
export { Host, type HostOptions, MOST_FUNCTIONS, type SriovOptions } from './host.js';
export { guidOf, portGidOf } from './identity.js';
export type { Membership, MembershipOptions } from './memberships.js';
export { type ResourceName, resourceNames, type Usage, usageOf } from './resources.js';
