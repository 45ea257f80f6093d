// Errors that an operator can mend. Owns the message form; prints nothing and never exits.

/**
 * A mistake in something the operator gave: a file, a key, a flag.
 * The message is one sentence that says what is wrong, where (file, line or path), and the mend.
 * The command line prints it without a stack trace and exits with code 2.
 */
export class OperatorError extends Error {
  override name = 'OperatorError';
}

/** The message of anything thrown, for a line of output. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
