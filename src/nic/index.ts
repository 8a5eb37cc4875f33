export { HostPort, type RdmaSide } from './host-port.js';
