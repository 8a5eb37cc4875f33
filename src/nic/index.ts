export { BandwidthShares, type TrafficClass } from './bandwidth-shares.js';
export { Classified, markCongestion, type Trust } from './classify.js';
export { Egress } from './egress.js';
export {
  EmbeddedSwitch,
  type EmbeddedSwitchOptions,
  type FunctionCounters,
  type FunctionLimits,
  type FunctionOptions,
} from './embedded-switch.js';
export { HostPort, type PortOptions, type RdmaSide } from './host-port.js';
export {
  LONGEST_QUANTA,
  type PfcThresholds,
  pauseFrame,
  quantaNs,
  Stops,
} from './pause-frame.js';
export { PauseReader } from './pause-reader.js';
export { PRIORITIES } from './priority.js';
export { ReceiveBuffer, type ReceiveBufferOptions } from './receive-buffer.js';
