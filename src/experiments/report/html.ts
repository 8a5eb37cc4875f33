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

/** One of several shown at a time, chosen without a script. */
export function tabs(
  id: string,
  panes: readonly (readonly [label: string, html: string])[],
): string {
  const rules = panes.map((_, i) => `#${id}-${i}:checked~.${id}-${i}{display:block}`).join('');
  const choices = panes
    .map(
      ([label], i) =>
        `<input type="radio" name="${id}" id="${id}-${i}"${i === 0 ? ' checked' : ''}><label for="${id}-${i}">${escaped(label)}</label>`,
    )
    .join('\n');
  const shown = panes.map(([, html], i) => `<div class="pane ${id}-${i}">${html}</div>`).join('\n');
  return `<style>${rules}</style><div class="tabs">${choices}\n${shown}</div>`;
}

export const details = (title: string, html: string): string =>
  `<details><summary>${escaped(title)}</summary>${html}</details>`;
