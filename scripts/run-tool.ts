// What the repository's own tools have in common: parse, one sentence on a mistake, exit code. Knows no tool.
import { type Command, CommanderError } from 'commander';
import { exitOperatorError, exitSuccess } from '../src/cli/exit-codes.ts';
import { OperatorError } from '../src/lib/errors.ts';

/** Runs `command` on this process's arguments and leaves the exit code that its action gave to `done`, or that of a mistake. */
export async function runTool(create: (done: (code: number) => void) => Command): Promise<void> {
  let code: number = exitSuccess;
  const command = create((exitCode) => {
    code = exitCode;
  });
  for (const each of [command, ...command.commands]) {
    each
      .allowExcessArguments(false)
      .exitOverride()
      .configureOutput({ outputError: () => undefined });
  }
  try {
    await command.parseAsync(process.argv);
  } catch (error) {
    code = report(error);
  }
  process.exitCode = code;
}

function report(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitSuccess;
  if (!(error instanceof CommanderError || error instanceof OperatorError)) throw error;
  const sentence = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  const mend = error instanceof CommanderError ? '; see --help' : '';
  process.stderr.write(`error: ${sentence}${mend}\n`);
  return exitOperatorError;
}
