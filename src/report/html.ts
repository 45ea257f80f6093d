// Text that is safe to put into a page. Owns escaping: nothing else in the report builds markup from unescaped text.

/** Markup that needs no escaping any more. Only `html` and `trusted` make it. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may stand in a template: text and numbers are escaped, Html is taken as it is, lists are joined, undefined is nothing. */
export type HtmlPart = string | number | Html | undefined | readonly HtmlPart[];

/** Template tag: every interpolated text is escaped, in element content and in double-quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let markup = strings[0] as string;
  for (const [i, part] of parts.entries()) markup += render(part) + (strings[i + 1] as string);
  return new Html(markup);
}

/** Takes markup as it is; for markup made by our own code from escaped text, such as a chart. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

/** Escapes `&`, `<`, `>` and both quotes, in printable text. */
export function escapeText(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character] as string);
}

/** Control characters, which HTML forbids, and halves of a surrogate pair become U+FFFD; tabs and line ends stay. */
export function printable(text: string): string {
  return text.toWellFormed().replace(/[^\P{Cc}\t\n\r]/gu, '\uFFFD');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(part: HtmlPart): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.markup;
  if (typeof part === 'string' || typeof part === 'number') return escapeText(String(part));
  return part.map(render).join('');
}
