export { type Chances, chances } from './chance.js';
export { EthernetSwitch, type SwitchDrop, type SwitchOptions } from './ethernet-switch.js';
export { IbAdapter, type IbAdapterOptions } from './ib-adapter.js';
export type { IbPortDrop, IbPortOptions } from './ib-port.js';
export { IbSwitch, type IbSwitchDrop, type IbSwitchOptions } from './ib-switch.js';
export { Fate, type Impairment } from './impairment.js';
export { Link, type LinkOptions } from './link.js';
export { isMeant, type Outage, parseOutage } from './outage.js';
export { Router } from './router.js';
export type { RouteOptions, RouterDrop, RouterOptions, RouterPort } from './router-options.js';
export { parseRule, type Rule } from './rule.js';
export type { EcnThresholds, PfcThresholds } from './shared-buffer.js';
export { CaptureTap, type Direction } from './tap.js';
export {
  checkTopology,
  dumbbell,
  fatTree,
  leafSpine,
  type NodeSettings,
  pair,
  type ShapeOptions,
  star,
  type Topology,
  type TopologyLink,
} from './topology.js';
export type { VlArbitration, VlWeight } from './vl-arbitration.js';
