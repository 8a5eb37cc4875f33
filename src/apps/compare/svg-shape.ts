// The few shapes that pictures are made of, as SVG text: everything rounded, everything escaped, colours by class alone.

const DECIMALS = 1;
const round = (n: number): string => String(Number(n.toFixed(DECIMALS)));

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
export const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (c) => entities[c]!);

/** Shown when the pointer rests on a shape, and read out. */
const titled = (title: string): string => (title === '' ? '' : `<title>${escaped(title)}</title>`);

/** Narrower than this nobody sees it. */
const LEAST_WIDTH = 1.5;

export function box(
  kind: string,
  x: number,
  y: number,
  width: number,
  height: number,
  title = '',
): string {
  const w = round(Math.max(LEAST_WIDTH, width));
  const place = `x="${round(x)}" y="${round(y)}" width="${w}" height="${round(height)}"`;
  return `<rect class="${kind}" ${place} rx="2">${titled(title)}</rect>`;
}

export function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

const HEAD = { length: 7, half: 4 } as const;

/** A vertical arrow. */
export function arrow(kind: string, x: number, from: number, to: number, title = ''): string {
  const back = to > from ? -HEAD.length : HEAD.length;
  const [left, right, base] = [round(x - HEAD.half), round(x + HEAD.half), round(to + back)];
  const head = `<path d="M${round(x)} ${round(to)}L${left} ${base}L${right} ${base}Z"/>`;
  const shaft = `<line x1="${round(x)}" y1="${round(from)}" x2="${round(x)}" y2="${base}"/>`;
  return `<g class="arrow ${kind}">${titled(title)}${shaft}${head}</g>`;
}

export function words(kind: string, x: number, y: number, text: string): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}">${escaped(text)}</text>`;
}

const RADIUS = 7.5;
const TEXT_DROP = 3.5;

/** A station's number. */
export function badge(x: number, y: number, number: number, title: string): string {
  const circle = `<circle cx="${round(x)}" cy="${round(y)}" r="${RADIUS}"/>`;
  const text = `<text x="${round(x)}" y="${round(y + TEXT_DROP)}">${number}</text>`;
  return `<g class="badge">${titled(title)}${circle}${text}</g>`;
}
export const BADGE_WIDTH = 2 * RADIUS + 1;

/** Average width of a letter, of the font's size: pictures must not need to measure. */
const LETTER = 0.54;
export const widthOf = (text: string, fontSize: number): number => text.length * fontSize * LETTER;

/** Text in lines that fit. */
export function wrapped(text: string, width: number, fontSize: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = lines.at(-1) === '' ? word : `${lines.at(-1)} ${word}`;
    if (widthOf(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Some five round numbers from 0 to `most`. */
export function ticks(most: number): number[] {
  const rough = Math.max(most, 1) / 6;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((n) => n * unit >= rough)! * unit;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}
