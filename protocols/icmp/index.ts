export * from './icmp.js';
export * from './icmp-message.js';
export * from './icmpv6.js';
export * from './icmpv6-message.js';
export * from './mld.js';
export * from './nd-option.js';
export * from './neighbour.js';
export {
  ICMPExt,
  ICMPExtObject,
  ICMPExtRest,
  icmpExt,
  icmpExtObject,
  icmpExtRest,
} from './quote.js';
