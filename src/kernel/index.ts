export { Arrival } from './arrival.js';
export { Bridge, BridgedFrame, type Tap } from './bridge.js';
export type { NetCard, ReceiveSide, TransmitSide } from './card.js';
export { CpuBill, type CpuCategory, cpuCategories, MM } from './category.js';
export type { KernelOptions, KernelParts, Machinery } from './context.js';
export { copyOnBill } from './copying.js';
export { Completion, RxDescriptor, TxDescriptor } from './descriptor.js';
export { Epoll, type Readiness } from './epoll.js';
export { EthernetNic } from './ethernet-nic.js';
export { type Run, receiveInKernel, sendInKernel } from './in-kernel.js';
export { Kernel } from './kernel.js';
export { mapPages } from './map-pages.js';
export { AdaptiveModeration, adaptiveSteps, Moderation } from './moderation.js';
export { PacketView } from './packet-view.js';
export { type Keeper, PagePool } from './page-pool.js';
export type { EthernetProfile, KernelProfile, RateRule, Throttle } from './profile.js';
export { RateModeration, settledUs } from './rate-moderation.js';
export { fillTcpChecksum, pieceHeaders, seqOf } from './segmentation.js';
export { Socket, type SocketOptions } from './socket.js';
export {
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  MSG_ZEROCOPY,
  type SocketError,
} from './socket-error.js';
export { Steering, Toeplitz, verificationKey } from './toeplitz.js';
export type { EthernetEngine } from './transmit-queue.js';
export type { Piece } from './user-pieces.js';
export { CachedFile } from './zero-copy.js';
