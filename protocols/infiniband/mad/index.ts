export * from './cm.js';
export * from './cm-message.js';
export * from './cm-private.js';
export * from './cm-req.js';
export * from './mad.js';
export * from './names.js';
export * from './rdma-ip-cm.js';
export * from './rest.js';
