export { RECORD_BYTES } from './record.js';
export { ReplicaSet, type ReplicaSetOptions } from './replica-set.js';
export { type VolumeServerOptions, volumeServer } from './volume-server.js';
