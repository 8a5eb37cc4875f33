// Switches: from a packet's last bit at one port to its first at another. Product briefs are named as they were remembered; what was
// fitted says so.

export interface SwitchProfile {
  readonly name: string;
  readonly latencyNs: number;
}

/** QDR InfiniBand: "100 ns" port to port (Mellanox, InfiniScale IV product brief). */
export const infiniscale4: SwitchProfile = { name: 'InfiniScale IV', latencyNs: 100 };

/** EDR InfiniBand: "90 ns" port to port (Mellanox, Switch-IB and SB7700 product briefs). */
export const switchIb: SwitchProfile = { name: 'Switch-IB', latencyNs: 90 };

/**
 * Arista 7060CX, as SocksDirect (SIGCOMM 2019) found it: fitted on its round trips of 1.6 us and on 200 ns for cards and wire (F09). The
 * data sheet has 450 ns, of which two crossings alone would take more than half of that round trip.
 */
export const arista7060cx: SwitchProfile = { name: 'Arista 7060CX', latencyNs: 190 };

/** A 100 Gb/s Ethernet switch of Broadcom's Tomahawk, 450 ns by data sheets; what one adds to a perftest is as much (F07). */
export const tomahawk: SwitchProfile = { name: 'Tomahawk', latencyNs: 450 };
