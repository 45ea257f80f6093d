// What an error of SQLite or of the file system means for the state file. Decides only; does nothing about it.
import { OperatorError } from '../../lib/errors.ts';

/** Thrown where a database can be read and is not what a gateway wrote. */
export class Damaged extends Error {
  override readonly name = 'Damaged';
}

/** `full` and `unwritable` pass, or are mended by the operator; a damaged file does not heal; busy is one that another process has. */
export type Trouble = 'full' | 'unwritable' | 'damaged' | 'busy';

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const codes: Readonly<Record<number, Trouble>> = {
  5: 'busy',
  7: 'unwritable',
  8: 'unwritable',
  10: 'unwritable',
  11: 'damaged',
  13: 'full',
  14: 'unwritable',
  15: 'unwritable',
  24: 'damaged',
  26: 'damaged',
};

/**
 * What `error` says of the file; undefined for errors that are none of its, and so bugs. While a file is opened, statements
 * that do not fit its tables and integers out of range are damage too: the statements fit every file that we wrote.
 */
export function troubleOf(error: unknown, while_: 'opening' | 'running'): Trouble | undefined {
  if (error instanceof Damaged) return 'damaged';
  if (error instanceof OperatorError) return while_ === 'running' ? 'unwritable' : undefined;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'ERR_SQLITE_ERROR' && 'errcode' in error) {
    const known = codes[Number(error.errcode) & 0xff];
    return known ?? (while_ === 'opening' ? 'damaged' : undefined);
  }
  if (error.code === 'ERR_OUT_OF_RANGE') return while_ === 'opening' ? 'damaged' : undefined;
  // Of mkdir and rename: whatever the system says there is of the disk, as ESTALE or EHOSTDOWN of one on the network.
  return 'syscall' in error ? 'unwritable' : undefined;
}
