export * from './ipsec.js';
export * from './ipv4.js';
export * from './ipv4-option.js';
export * from './ipv6.js';
export * from './ipv6-extension.js';
export * from './ipv6-option.js';
export * from './ipv6-routing.js';
