// The pieces that sections are made of: headings, figures, legends. Markup only.
import type { MethodName } from '../scenario/results.ts';
import { type Html, html, trusted } from './html.ts';
import { methodGlyph, methodStyles } from './methods.ts';

/** One part of the page; `id` is unique and names its link. */
export interface Section {
  id: string;
  /** In the list of links. */
  link: string;
  title: string;
  body: Html;
}

/** A chart with its title, what it shows, and its legend. */
export function figure({
  title,
  caption,
  legend,
  body,
}: {
  title: string;
  caption: string | undefined;
  legend?: Html;
  body: Html;
}): Html {
  return html`<figure><figcaption><h3>${title}</h3>${caption === undefined ? undefined : html`<p>${caption}</p>`}${legend}</figcaption>
<div class="charts">${body}</div></figure>`;
}

/** The shape, colour and name of each method. */
export function methodLegend(methods: readonly MethodName[]): Html {
  return html`<ul class="legend">${methods.map((method) => html`<li>${methodGlyph(method)}${methodStyles[method].label}</li>`)}</ul>`;
}

/** A shape of a legend, given as an SVG path in a box of 10 × 10; `opacity` in [0, 1]. */
export function glyph(shape: string, colour: string, opacity = 1): Html {
  return trusted(
    `<svg class="glyph" viewBox="0 0 10 10" aria-hidden="true"><path d="${shape}" fill="${colour}"${opacity === 1 ? '' : ` opacity="${opacity}"`}/></svg>`,
  );
}

/** A line of a legend in gossip's colour; `width` in pixels, `opacity` in [0, 1]. */
export function lineGlyph(width: number, opacity: number): Html {
  return trusted(
    `<svg class="glyph line" viewBox="0 0 20 10" aria-hidden="true"><path d="M0 5H20" stroke="var(--gossip)" stroke-width="${width}" opacity="${opacity}"/></svg>`,
  );
}
