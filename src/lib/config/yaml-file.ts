// Reads a configuration file in YAML into plain values, and finds the line of a path in it. Owns the errors of files and of
// YAML; knows no schema.
import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { messageOf, OperatorError } from '../errors.ts';

const bytesMax = 1024 * 1024;

/** How messages speak of one kind of file. */
export interface FileKind {
  /** 'scenario'. */
  name: string;
  /** Its first keys, such as ['name', 'data']; none can be left out. */
  firstKeys: readonly [string, string];
}

/** The text of a file of at most 1 MiB. Throws OperatorError where it cannot be read or is no text in UTF-8. */
export async function readConfigText(path: string, { name }: FileKind): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > bytesMax) {
      throw new OperatorError(`${path} has ${size} bytes, more than a ${name} file's ${bytesMax}; give the YAML file`);
    }
    const bytes = await readFile(path);
    if (!isUtf8(bytes)) throw new OperatorError(`${path} is not text in UTF-8; give a YAML file`);
    return bytes.toString('utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new OperatorError(`${path} does not exist; give a ${name} file`);
    if (code === 'EISDIR') throw new OperatorError(`${path} is a folder; give a ${name} file in it`);
    if (code === 'EACCES' || code === 'EPERM')
      throw new OperatorError(`${path} cannot be read; change its permissions`);
    throw error;
  }
}

/** One file's YAML. */
export class YamlFile {
  /** As messages name it. */
  readonly file: string;
  private readonly document: Document;
  private readonly lines = new LineCounter();
  private readonly kind: FileKind;

  constructor(file: string, text: string, kind: FileKind) {
    this.file = file;
    this.kind = kind;
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false, merge: true });
  }

  /** The document as plain values. Throws OperatorError for YAML that is wrong, empty, or no mapping. */
  tree(): Record<string, unknown> {
    const { file, document, kind } = this;
    const problems = [...document.errors, ...document.warnings];
    if (problems.length > 0) {
      throw new OperatorError(
        problems
          .map(({ pos, message, code }) => {
            const { line, col } = this.lines.linePos(pos[0]);
            return `${file}:${line}:${col}: ${yamlText(code, message)}`;
          })
          .join('\n'),
      );
    }
    visit(document, {
      Alias: (_, alias) => {
        if (alias.resolve(document) !== undefined) return;
        const { line } = this.lines.linePos(startOf(alias) ?? 0);
        throw new OperatorError(
          `${file}:${line}: nothing above has the anchor &${alias.source}; set it before this alias`,
        );
      },
    });
    const tree = plainValues(file, document);
    if (tree === null || tree === undefined) {
      throw new OperatorError(`${file} is empty; a ${kind.name} needs at least ${kind.firstKeys.join(' and ')}`);
    }
    if (typeof tree !== 'object' || Array.isArray(tree)) {
      throw new OperatorError(
        `${file}:1: the file is not a mapping of keys to values; start with ${kind.firstKeys.map((key) => `${key}:`).join(' and ')}`,
      );
    }
    return tree as Record<string, unknown>;
  }

  /** The line (from 1) of the deepest key of `path` that the document has, and how many keys of the path it has. */
  deepest(path: readonly (string | number)[]): { line: number; depth: number } {
    const { document } = this;
    const found = (offset: number, depth: number) => ({ line: this.lines.linePos(offset).line, depth });
    let node: unknown = document.contents;
    let offset = startOf(node) ?? 0;
    for (const [depth, key] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(key));
        if (pair === undefined) return found(offset, depth);
        offset = startOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node) && node.items[Number(key)] !== undefined) {
        node = node.items[Number(key)];
        offset = startOf(node) ?? offset;
      } else return found(offset, depth);
    }
    return found(offset, path.length);
  }
}

function plainValues(file: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new OperatorError(`${file}: the aliases in the YAML are wrong (${messageOf(error)}); write the values out`);
  }
}

function yamlText(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'the same key stands twice in one mapping; remove one';
  if (code === 'MULTIPLE_DOCS') return 'a second YAML document begins; leave one in the file';
  return `this is not YAML: ${message.replaceAll(/\s+/g, ' ')}; mend it here or just above`;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
