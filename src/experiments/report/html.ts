// The few pieces of HTML that the page is made of.

import { escaped, type Ink } from './chart.js';
import type { Figure } from './plots.js';

/** A series as it stands in a legend: a line with its symbol. */
function swatch({ colour, symbol, dashed }: Ink): string {
  const paint = `var(${colour})`;
  const hollow = symbol.startsWith('empty');
  const shape: Readonly<Record<string, string>> = {
    circle: '<circle cx="13" cy="6" r="4"/>',
    emptyCircle: '<circle cx="13" cy="6" r="3.5"/>',
    rect: '<rect x="9" y="2" width="8" height="8"/>',
    emptyRect: '<rect x="9" y="2" width="8" height="8"/>',
    triangle: '<path d="M13 1.5L17.5 10.5H8.5Z"/>',
    diamond: '<path d="M13 1L18 6L13 11L8 6Z"/>',
  };
  const fill = hollow ? 'var(--ground)' : paint;
  const line = `<path d="M0 6H26" stroke="${paint}" stroke-width="2"${dashed ? ' stroke-dasharray="4 3"' : ''}/>`;
  return `<svg viewBox="0 0 26 12" aria-hidden="true">${line}<g fill="${fill}" stroke="${paint}" stroke-width="1.5">${shape[symbol]}</g></svg>`;
}

export function figure({ title, caption, svg, legend }: Figure): string {
  const names = legend.map(([name, ink]) => `<li>${swatch(ink)}${escaped(name)}</li>`).join('');
  return `<h3>${escaped(title)}</h3>
<p class="caption">${escaped(caption)}</p>
<ul class="legend">${names}</ul>
<figure class="scroll">${svg}</figure>`;
}

/** A table; `left`: how many columns are words. */
export function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left = 1,
): string {
  const cell = (tag: 'td' | 'th') => (text: string, i: number) =>
    `<${tag}${i < left ? ' class="left"' : ''}>${escaped(text)}</${tag}>`;
  return `<div class="scroll"><table><thead><tr>${head.map(cell('th')).join('')}</tr></thead><tbody>
${rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('\n')}
</tbody></table></div>`;
}

/** One of several that are shown one at a time; those of a group stand in a line. */
export interface Pane {
  readonly group: string;
  readonly label: string;
  readonly html: string;
}

/** Panes of which one is shown, chosen without a script. */
export function tabs(id: string, panes: readonly Pane[]): string {
  const shows = panes.map((_, i) => `.tabs:has(#${id}-${i}:checked) .${id}-${i}{display:block}`);
  const groups = [...new Set(panes.map(({ group }) => group))];
  const choice = ({ group, label }: Pane, i: number): string =>
    `<input type="radio" name="${id}" id="${id}-${i}"${i === 0 ? ' checked' : ''}><label for="${id}-${i}"><span class="hidden">${escaped(group)}, </span>${escaped(label)}</label>`;
  const lines = groups.map((group) => {
    const own = panes.map((pane, i) => (pane.group === group ? choice(pane, i) : '')).join('');
    return `<div class="choices"><span>${escaped(group)}</span>${own}</div>`;
  });
  const shown = panes.map(({ html }, i) => `<div class="pane ${id}-${i}">${html}</div>`);
  return `<style>${shows.join('')}</style><div class="tabs">${lines.join('\n')}\n${shown.join('\n')}</div>`;
}

export const details = (title: string, html: string): string =>
  `<details><summary>${escaped(title)}</summary>${html}</details>`;
