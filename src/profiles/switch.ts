// Switches: from a packet's last bit at one port to its first at another. Each number has its source.

export interface SwitchProfile {
  readonly name: string;
  readonly latencyNs: number;
}

/** QDR InfiniBand: "100 ns" port to port (Mellanox, InfiniScale IV product brief). */
export const infiniscale4: SwitchProfile = { name: 'InfiniScale IV', latencyNs: 100 };

/** EDR InfiniBand: "90 ns" port to port (Mellanox, Switch-IB and SB7700 product briefs). */
export const switchIb: SwitchProfile = { name: 'Switch-IB', latencyNs: 90 };

/** 100 Gb/s Ethernet: "450 ns" (Arista 7060X data sheet; Broadcom Tomahawk). */
export const tomahawk: SwitchProfile = { name: 'Arista 7060CX', latencyNs: 450 };
