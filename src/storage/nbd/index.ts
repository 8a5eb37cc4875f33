export { ServerCounts } from './counts.js';
export { type Export, Exports } from './export.js';
export { NbdListener, type Place } from './listener.js';
export { Buffers, Output } from './output.js';
export { RemoteVolume } from './remote-volume.js';
export { NbdServerSession } from './server-session.js';
export { parseNbdUri } from './uri.js';
