// Whether a page's tags are balanced and its attributes quoted: stricter than browsers, which mend everything.

const voidElements = new Set(['meta', 'link', 'wbr', 'br']);

/** What is wrong with `page`, one sentence each; empty where nothing is. Contents of style elements are not looked at. */
export function faultsOf(page: string): string[] {
  const faults: string[] = [];
  const open: string[] = [];
  const ids = new Set<string>();
  const text = page.replace(/^<!doctype html>/, '').replace(/(<style>)[\s\S]*?(<\/style>)/, '$1$2');
  const token = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?)>|([<>])|&(?!(?:amp|lt|gt|quot|#39|#\d+);)/g;
  for (const match of text.matchAll(token)) {
    const [all, slash, name, attributes = '', selfClosing, stray] = match;
    const where = `at ${JSON.stringify(text.slice(Math.max(0, match.index - 40), match.index + 40))}`;
    if (stray !== undefined || name === undefined) faults.push(`stray ${all} ${where}`);
    else if (slash === '/') {
      const last = open.pop();
      if (last !== name) faults.push(`</${name}> closes <${last}> ${where}`);
    } else {
      const names = [...attributes.matchAll(/([\w:-]+)=/g)].map(([, attribute]) => attribute);
      if (new Set(names).size < names.length) faults.push(`attribute twice ${where}`);
      const id = / id="([^"]*)"/.exec(attributes)?.[1];
      if (id !== undefined && ids.has(id)) faults.push(`id ${id} twice`);
      if (id !== undefined) ids.add(id);
      if (selfClosing !== '/' && !voidElements.has(name)) open.push(name);
    }
  }
  return open.length === 0 ? faults : [...faults, `never closed: ${open.join(', ')}`];
}
