// The program: its commands, and how each kind of error ends. Owns no process: everything outside comes as ports.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { OperatorError } from '../lib/errors.ts';
import { exitBug, exitOperatorError, exitSuccess } from './exit-codes.ts';
import { addInitCommand } from './init.ts';
import { addJoinCommand } from './join.ts';
import { addKeyCommand } from './key.ts';
import { addOwnerCommand } from './owner.ts';
import type { Ports } from './ports.ts';
import { addReportCommand } from './report.ts';
import { addRunCommand } from './run.ts';
import { addSchemaCommand } from './schema.ts';
import { addScoreCommand } from './score.ts';
import { addStatusCommands } from './status.ts';
import { styleFor } from './style.ts';

/** Runs one command line (without the program's own name) and returns the exit code; it never throws. */
export async function runProgram(args: readonly string[], ports: Ports): Promise<number> {
  let code: number = exitSuccess;
  try {
    await createProgram(ports, (exitCode) => {
      code = exitCode;
    }).parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return report(error, ports);
  }
}

function createProgram(ports: Ports, done: (code: number) => void): Command {
  const { stdout, stderr } = ports;
  const program = new Command('rumormill')
    .description(
      'Serverless federated learning for industrial gateways: run gateways, run scenarios, read their results.',
    )
    .version(version(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
    })
    .addHelpText(
      'after',
      `
Exit codes:
  0  done, and every claim of the scenario holds
  1  done, and a claim does not hold
  2  a mistake in a file, a key or a flag
  70  a defect of Rumormill
  130  stopped by Ctrl-C (143 by SIGTERM); what was finished is written`,
    );
  addRunCommand(program, ports, done);
  addReportCommand(program, ports);
  addInitCommand(program, ports, done);
  addKeyCommand(program, ports);
  addOwnerCommand(program, ports);
  addJoinCommand(program, ports, done);
  addStatusCommands(program, ports);
  addScoreCommand(program, ports);
  addSchemaCommand(program, ports);
  return program;
}

function report(error: unknown, { stderr, environment }: Ports): number {
  const style = styleFor(stderr, environment);
  const say = (message: string) => stderr.write(`${style('red', 'error:')} ${message}\n`);
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitSuccess;
    if (error.code !== 'commander.help') say(usageSentence(error.message));
    return exitOperatorError;
  }
  if (error instanceof OperatorError) {
    say(error.message);
    return exitOperatorError;
  }
  say(`this is a defect of Rumormill; please report it with these lines`);
  stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return exitBug;
}

/** The parser's message in the form of our own: one sentence with the mend. */
function usageSentence(message: string): string {
  const sentence = message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?')
    .replace(/\. (\w)/, (_, letter: string) => `; ${letter.toLowerCase()}`)
    .replace(/\.$/, '');
  return sentence.endsWith('?') ? sentence : `${sentence}; see rumormill --help`;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
