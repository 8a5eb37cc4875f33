export { Qbd, type QbdDevice, type QbdOptions, type QbdPath } from './qbd.js';
