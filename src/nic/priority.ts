// Priorities of Ethernet ports (IEEE 802.1Q 6.9.3): what a port's queues, pauses and buffers are told apart by.

export const PRIORITIES = 8;
