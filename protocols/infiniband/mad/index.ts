export * from './cm.js';
export * from './cm-message.js';
export * from './cm-private.js';
export * from './cm-req.js';
export * from './common-attribute.js';
export { MAD, MADDR as DirectedRoute, mad, madDr as directedRoute } from './mad.js';
export {
  BASE_VERSION,
  CLASS_COM_MGT,
  CLASS_PERF,
  CLASS_SUBN_ADM,
  CLASS_SUBN_DIRECTED_ROUTE,
  CLASS_SUBN_LID_ROUTED,
  classNames,
  MAD_SIZE,
  methodNames,
  mtuNames,
  rateNames,
  saStatusNames,
  selectorNames,
  statusNames,
} from './names.js';
export * from './pm.js';
export * from './port-info.js';
export { RDMAIPCM4, RDMAIPCM6, RDMAServiceID, rdmaIpCm4, rdmaIpCm6 } from './rdma-ip-cm.js';
export { MADData as Data, MADRest as Rest, madData as data, madRest as rest } from './rest.js';
export * from './sa.js';
export * from './sa-attribute.js';
export * from './sm-attribute.js';
export * from './smp.js';
