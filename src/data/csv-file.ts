// Streams one CSV file, plain or gzip, row by row. Owns file and syntax errors; knows nothing of what columns mean.
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { messageOf, OperatorError } from '../lib/errors.ts';

/** Longest line in bytes; without a bound, one unclosed quote would read the rest of the file into memory. */
const lineBytesMax = 4 * 1024 * 1024;

interface ParsedRow {
  record: string[];
  info: { lines: number };
}

/**
 * Calls `onRow` with the cells of each row that is not blank, the header first, and the line the row ends on (from 1).
 * Stops early when `onRow` returns 'stop'. Throws OperatorError naming the file, and the line where there is one, when the
 * file is missing, unreadable, cut off, not gzip, badly quoted, or has a row with more or fewer cells than the header.
 */
export async function readCsv(
  file: string,
  onRow: (cells: string[], line: number) => 'stop' | undefined,
  setting = 'data.path',
): Promise<void> {
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: lineBytesMax,
  });
  let width: number | undefined;
  let lastLine = 0;
  let isStopped = false;
  const consume = async (rows: AsyncIterable<ParsedRow>): Promise<void> => {
    for await (const { record, info } of rows) {
      lastLine = info.lines;
      width ??= record.length;
      if (record.length !== width) {
        throw new OperatorError(
          `${file} line ${info.lines}: the row has ${record.length} cells where the header has ${width}; make them equal`,
        );
      }
      isStopped = onRow(record, info.lines) === 'stop';
      if (isStopped) return;
    }
  };
  try {
    const bytes = createReadStream(file);
    if (isGzip(file)) await pipeline(bytes, createGunzip(), parser, consume);
    else await pipeline(bytes, parser, consume);
  } catch (error) {
    // Leaving the loop early aborts the pipeline, and that is all that can have failed then.
    if (isStopped) return;
    throw explain(error, file, lastLine, setting);
  }
}

/** Whether the name says the content is compressed. */
export function isGzip(file: string): boolean {
  return /\.gz$/i.test(file);
}

function explain(error: unknown, file: string, lastLine: number, setting: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('Z_')) {
    return new OperatorError(
      `${file}: the gzip data is damaged or cut off after line ${lastLine} (${messageOf(error)}); copy the file again`,
    );
  }
  if (code === 'CSV_MAX_RECORD_SIZE') {
    return new OperatorError(
      `${file} line ${lastLine + 1}: the row is longer than ${lineBytesMax} bytes; look for a quote that is not closed`,
    );
  }
  if (code.startsWith('CSV_')) {
    return new OperatorError(`${file} line ${lastLine + 1}: not valid CSV (${messageOf(error)}); mend the quotes`);
  }
  if (code === 'ENOENT') return new OperatorError(`${file}: no such file; check ${setting}`);
  if (code === 'EACCES' || code === 'EPERM')
    return new OperatorError(`${file}: not allowed to read it; check its permissions`);
  if (code === 'EISDIR')
    return new OperatorError(`${file}: is a folder where a file is needed; rename it or check ${setting}`);
  return error;
}
