// Writes a .ts file beside each of our .proto files: protons' output with its namespaces and enums turned into constants
// of the same use, since Node runs our sources by stripping types and these two would need more. Run after a change of
// a .proto; tests compare the two. An argument names another folder to write to.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = ['src/gossip/messages.proto', 'src/node/sources/sparkplug-messages.proto'];
for (const source of sources) {
  const path = source.replace(/\.proto$/, '.ts');
  const target = process.argv[2] === undefined ? join(root, path) : join(process.argv[2], basename(path));
  writeFileSync(
    target,
    `// Generated from ${basename(source)} by scripts/generate-messages.mjs; do not edit.\n// @ts-nocheck: protons' code is not written for strict settings; the types it exports are used as they are.\n${erasable(generate(source))}`,
  );
}

function generate(source) {
  const folder = mkdtempSync(join(tmpdir(), 'rumormill-protons-'));
  try {
    execFileSync(join(root, 'node_modules/.bin/protons'), ['--output', folder, join(root, source)]);
    return readFileSync(join(folder, basename(source).replace(/\.proto$/, '.ts')), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** protons' output as TypeScript whose types can be stripped. */
function erasable(generated) {
  const names = new Set();
  return (
    generated
      // Streaming decoders are not used; they alone need the event types.
      .replace(/^ {2}export interface \w+ \{\n[\s\S]*?^ {2}\}\n\n/gm, '')
      .replace(/\n {2}export function stream [\s\S]*?^ {2}\}\n/gm, '')
      .replace(/, streamMessage\b/, '')
      .replaceAll('Uint8Array<ArrayBuffer>', 'Uint8Array')
      // enum __XValues { A = 0 } -> a constant with the reverse mapping's forward half, which is all protons reads.
      .replace(/^enum (\w+) \{\n([\s\S]*?)^\}/gm, (_, name, body) => {
        const pairs = [...body.matchAll(/(\w+) = (\d+)/g)];
        const lines = [
          ...pairs.map(([, key, value]) => `${key}: ${value}`),
          ...pairs.map(([, key, value]) => `${value}: '${key}'`),
        ];
        return `const ${name} = {\n${lines.map((line) => `  ${line}`).join(',\n')}\n}`;
      })
      .replace(/^export enum (\w+) \{\n([\s\S]*?)^\}/gm, (_, name, body) => {
        names.add(name);
        const members = body.replaceAll(' = ', ': ');
        return `const ${name}Names = {\n${members}} as const\n\nexport type ${name} = keyof typeof ${name}Names`;
      })
      .replace(/^export namespace (\w+) \{\n([\s\S]*?)^\}/gm, (_, name, body) => {
        const isEnum = names.has(name);
        const members = isEnum ? `...${name}Names, codec` : 'codec, encode, decode';
        return `export const ${name} = (() => {\n${body.replace(/^ {2}export /gm, '  ')}\n  return { ${members} }\n})()`;
      })
  );
}
