// What the exit codes of the command line mean. Owns the numbers; exits nowhere.

/** The run ended and every claim holds. */
export const exitSuccess = 0;
/** The run ended and a claim does not hold. */
export const exitClaimFailed = 1;
/** A mistake in a file, a key or a flag: one line says what and where. */
export const exitOperatorError = 2;
/** A defect of Rumormill itself (EX_SOFTWARE of sysexits.h): the stack is on standard error. */
export const exitBug = 70;
/** The reader of a pipe went away (128 + SIGPIPE). */
export const exitPipeClosed = 141;
/** Stopped by a signal (128 + its number): what was finished is written and marked incomplete. */
export const exitStopped = { SIGINT: 130, SIGTERM: 143 } as const;
