// Frames by kind: a summary line without what differs from one frame to the next.

/** What a frame is, without the numbers that differ from one to the next. */
export function frameName(summary: string): string {
  const flags = /\[(?:[A-Z]+(?:, )?)+\]/.exec(summary)?.[0];
  if (flags) return /Len=[1-9]/.test(summary) ? `${flags} with data` : flags;
  return summary.split(/ (?:QP|DQP|PSN)\b| \[/)[0]!;
}
