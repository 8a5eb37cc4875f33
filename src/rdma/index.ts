export * from './address.js';
export { asyncEvents, type UnusedEvent, unusedEvents } from './async-event.js';
export type { Clockwork } from './clockwork.js';
export {
  CompletionChannel,
  CompletionQueue,
  emptyWc,
  servingOf,
  type Wc,
} from './completion-queue.js';
export { completionStatuses } from './completion-status.js';
export * from './congestion-profile.js';
export * from './constant.js';
export { RdmaDevice } from './device.js';
export type { AsyncEvent, DeviceOptions, InterruptLine } from './device-options.js';
export type { Tracer } from './engine.js';
export { type MadEnd, type MadOptions, MadRequests } from './mad-request.js';
export { MAD_BYTES, ManagementPort, type ReceivedMad } from './management-port.js';
export { MemoryPort } from './memory-port.js';
export { Ah, Context, Mr, Mw, Pd, Srq } from './objects.js';
export { portChanged } from './port-change.js';
export * from './port-verbs.js';
export * from './post-verbs.js';
export * from './profile.js';
export { type QpAttribute, refuseTransition, stateAllows, transitions } from './qp-states.js';
export { type QpCap, QueuePair } from './queue-pair.js';
export * from './queue-pair-verbs.js';
export { Dcqcn, InjectionDelay, type RateLimiter } from './rate-limiter.js';
export type { RecvWr, SgeInput } from './receive-queue.js';
export * from './send-wr.js';
export type { CacheProfile, NicTiming } from './timing.js';
export * from './verbs.js';
export { counterOf, type DropReason, outcome, type Verdict } from './verdict.js';
