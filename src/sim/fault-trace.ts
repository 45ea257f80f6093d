// Reads when the nodes of a fleet were up and down from a CSV file. Owns the file's columns and errors; plans nothing.
import { readCsv } from '../data/csv-file.ts';
import { OperatorError } from '../lib/errors.ts';

/** From atMs on the node is up, or down. */
export interface TraceRow {
  node: number;
  /** Virtual milliseconds, at least 0. */
  atMs: number;
  isUp: boolean;
}

const columns = ['node', 'atMs', 'state'] as const;

/**
 * The rows of a CSV file with the columns node (0 to nodes − 1), atMs and state (up or down), in the order of the file; for
 * each node in order of time, up and down in turn. A node whose first row is `up` is not there before; one without rows is
 * always up. Throws OperatorError naming file and line where the file cannot be read or a row is wrong.
 */
export async function readFaultTrace(file: string, nodes: number): Promise<TraceRow[]> {
  const rows: TraceRow[] = [];
  const latest = new Map<number, TraceRow>();
  let indices: number[] | undefined;
  await readCsv(
    file,
    (cells, line) => {
      const place = `${file} line ${line}`;
      if (indices === undefined) {
        indices = columnIndices(cells, place);
        return undefined;
      }
      const row = parseRow(
        indices.map((index) => (cells[index] as string).trim()) as [string, string, string],
        nodes,
        place,
      );
      const before = latest.get(row.node);
      if (before !== undefined && row.atMs <= before.atMs) {
        throw new OperatorError(
          `${place}: node ${row.node} is at ${row.atMs} ms after ${before.atMs} ms; put its rows in order of time`,
        );
      }
      if (before?.isUp === row.isUp) {
        throw new OperatorError(`${place}: node ${row.node} is ${row.isUp ? 'up' : 'down'} already; remove the row`);
      }
      latest.set(row.node, row);
      rows.push(row);
      return undefined;
    },
    'faults.trace',
  );
  if (rows.length === 0)
    throw new OperatorError(`${file}: no row says when a node is up or down; add some, or remove faults.trace`);
  return rows;
}

function columnIndices(header: readonly string[], place: string): number[] {
  return columns.map((name) => {
    const index = header.findIndex((cell) => cell.trim() === name);
    if (index < 0)
      throw new OperatorError(`${place}: there is no column ${name}; a trace has the columns ${columns.join(', ')}`);
    return index;
  });
}

function parseRow([node, atMs, state]: [string, string, string], nodes: number, place: string): TraceRow {
  if (!/^\d+$/.test(node) || Number(node) >= nodes) {
    throw new OperatorError(`${place}: node is '${node}'; give a whole number from 0 to ${nodes - 1}`);
  }
  const time = Number(atMs);
  if (atMs === '' || !Number.isFinite(time) || time < 0) {
    throw new OperatorError(`${place}: atMs is '${atMs}'; give virtual milliseconds, at least 0`);
  }
  if (state !== 'up' && state !== 'down')
    throw new OperatorError(`${place}: state is '${state}'; it must be up or down`);
  return { node: Number(node), atMs: time, isUp: state === 'up' };
}
