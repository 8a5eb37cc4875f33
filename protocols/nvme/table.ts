// All NVMe protocols and their binding spaces, for registry.ts and bindings.ts.

import type { Protocol } from '../core/protocol.js';
import { adminCommands } from './admin.js';
import * as completions from './cqe.js';
import { discoveryEntry, discoveryLog, tsasForms, unknownTsas } from './discovery.js';
import { connectData, fabricsCdw, fabricsCommands, propertySetTail } from './fabrics.js';
import { features, featureTail, unknownFeature } from './feature.js';
import {
  identifyController,
  identifyNvmController,
  powerState,
  vendorSpecific,
} from './identify-controller.js';
import {
  controllerEntry,
  controllerList,
  extendedLbaFormat,
  identifyNamespace,
  identifyNvmNamespace,
  independentNamespace,
  lbaFormat,
  namespaceDescriptor,
  namespaceEntry,
  namespaceVendor,
} from './identify-namespace.js';
import { copyRange, dsmRange, ioCommands } from './io.js';
import { unused } from './list.js';
import { anaGroup, anaLog, effects, errorEntry, firmwareSlots, smart } from './log.js';
import { propertyForms, propertyValue } from './property.js';
import { nvmeRdmaRej, nvmeRdmaRep, nvmeRdmaReq } from './rdma.js';
import {
  acquireData,
  registerData,
  registeredController,
  registeredControllerExtended,
  releaseData,
  reservationStatus,
  reservationStatusExtended,
} from './reservation.js';
import { sglForms, sglUnknown } from './sgl.js';
import { cdw, prp, sqe, sqeFabrics, sqeNamespace } from './sqe.js';
import { ddgst, hdgst, nvmeTcp, nvmeTcpPad, pduForms } from './tcp.js';

type Rows = readonly (readonly [number, Protocol])[];

/** Binding spaces of NVMe. */
export const nvmeSpaces = {
  'nvme-tcp': pduForms,
  'nvme-sgl': sglForms,
  'nvme-admin': adminCommands,
  'nvme-io': ioCommands,
  'nvme-fabrics': fabricsCommands,
  'nvme-feature': features,
  'nvme-property': propertyForms,
  'nvme-tsas': tsasForms,
} satisfies Readonly<Record<string, Rows>>;

const bound = (rows: Rows) => rows.map(([, p]) => p);

/** In the order of the documentation. */
export const nvmeProtocols: readonly Protocol[] = [
  ...new Set<Protocol>([
    nvmeTcp,
    ...bound(pduForms),
    hdgst,
    nvmeTcpPad,
    ddgst,
    nvmeRdmaReq,
    nvmeRdmaRep,
    nvmeRdmaRej,
    sqe,
    sqeNamespace,
    sqeFabrics,
    prp,
    ...bound(sglForms),
    sglUnknown,
    cdw,
    fabricsCdw,
    ...bound(fabricsCommands),
    propertySetTail,
    connectData,
    ...bound(adminCommands),
    ...bound(features),
    unknownFeature,
    featureTail,
    ...bound(ioCommands),
    dsmRange,
    copyRange,
    registerData,
    acquireData,
    releaseData,
    reservationStatus,
    registeredController,
    reservationStatusExtended,
    registeredControllerExtended,
    completions.cqeResult,
    completions.cqeDword1,
    completions.cqeConnect,
    completions.cqeConnectError,
    completions.cqeAsyncEvent,
    completions.cqeQueues,
    completions.cqeAbort,
    completions.cqe,
    ...bound(propertyForms),
    propertyValue,
    identifyController,
    powerState,
    vendorSpecific,
    identifyNvmController,
    identifyNamespace,
    lbaFormat,
    namespaceVendor,
    identifyNvmNamespace,
    extendedLbaFormat,
    independentNamespace,
    namespaceEntry,
    controllerList,
    controllerEntry,
    namespaceDescriptor,
    errorEntry,
    smart,
    firmwareSlots,
    effects,
    anaLog,
    anaGroup,
    discoveryLog,
    discoveryEntry,
    ...bound(tsasForms),
    unknownTsas,
    unused,
  ]),
];
