// NVMe/RDMA: the private data with which a queue's connection is made (NVMe RDMA Transport 1.0 3.2). What then
// runs on the queue pair are capsules: `sqe` begins a command's, `cqeResult` a response's. Source: Linux
// include/linux/nvme-rdma.h.

import { reserved, uint } from '../core/field.js';
import { type Protocol, protocol } from '../core/protocol.js';
import { cmPrivate } from '../infiniband/mad/cm-private.js';
import { nvmeHeader } from './base.js';

/** Port of the RDMA IP CM service that NVMe/RDMA uses. */
export const NVME_RDMA_PORT = 4420;

const section = 'NVMe RDMA Transport 1.0 3.2';

export const NVMeRDMAReq = nvmeHeader(
  'NVMeRDMAReq',
  [
    uint(16, 'recfmt', 'record format, 0', { alias: 'nvme-rdma.cm.req.recfmt' }),
    uint(16, 'qid', 'queue: 0 the admin queue', { alias: 'nvme-rdma.cm.req.qid' }),
    uint(16, 'hrqsize', 'receive queue of the host', { alias: 'nvme-rdma.cm.req.hrqsize' }),
    uint(16, 'hsqsize', 'send queue of the host, less one', { alias: 'nvme-rdma.cm.req.hsqsize' }),
    uint(16, 'cntlid', 'controller, for I/O queues', {
      format: 'hex',
      alias: 'nvme-rdma.cm.req.cntlid',
    }),
    reserved(176),
  ],
  { key: 'nvme-rdma-req', title: 'NVMe/RDMA connection request', section },
);
export const NVMeRDMARep = nvmeHeader(
  'NVMeRDMARep',
  [
    uint(16, 'recfmt', 'record format, 0', { alias: 'nvme-rdma.cm.rsp.recfmt' }),
    uint(16, 'crqsize', 'receive queue of the controller', {
      alias: 'nvme-rdma.cm.rsp.crqsize',
    }),
    reserved(224),
  ],
  { key: 'nvme-rdma-rep', title: 'NVMe/RDMA connection accepted', section },
);
export const NVMeRDMARej = nvmeHeader(
  'NVMeRDMARej',
  [
    uint(16, 'recfmt', 'record format, 0', { alias: 'nvme-rdma.cm.rej.recfmt' }),
    uint(16, 'sts', 'why', {
      names: {
        1: 'INVALID_LENGTH',
        2: 'INVALID_RECFMT',
        3: 'INVALID_QID',
        4: 'INVALID_HSQSIZE',
        5: 'INVALID_HRQSIZE',
        6: 'NO_RESOURCES',
        7: 'INVALID_IRD',
        8: 'INVALID_ORD',
        9: 'INVALID_CNTLID',
      },
      alias: 'nvme-rdma.cm.rej.status',
    }),
  ],
  { key: 'nvme-rdma-rej', title: 'NVMe/RDMA connection refused', section },
);

export const nvmeRdmaReq = protocol(NVMeRDMAReq, {
  continues: true,
  read: (walk): Protocol | null => (walk.take(nvmeRdmaReq) < 0 ? null : cmPrivate),
  info: (layer) => `NVMe/RDMA qid ${layer.number('qid')}`,
});
/** Answers do not tell the service: whoever knows the request names these (Context.cmPrivate). */
export const nvmeRdmaRep = protocol(NVMeRDMARep, {
  read: (walk): Protocol | null => (walk.take(nvmeRdmaRep) < 0 ? null : cmPrivate),
});
export const nvmeRdmaRej = protocol(NVMeRDMARej, {
  read: (walk): Protocol | null => (walk.take(nvmeRdmaRej) < 0 ? null : cmPrivate),
});
