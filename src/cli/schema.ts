// The command `schema`: prints the JSON Schema of a scenario file for editors.
import type { Command } from 'commander';
import { scenarioJsonSchema } from '../scenario/json-schema.ts';
import type { Ports } from './ports.ts';

/** Adds `rumormill schema` to the program. */
export function addSchemaCommand(program: Command, { stdout }: Ports): void {
  program
    .command('schema')
    .description('print the JSON Schema of a scenario file, for editors')
    .addHelpText(
      'after',
      `
An editor that knows YAML completes and checks a scenario whose first line names the schema:
  rumormill schema > scenario.schema.json
  # yaml-language-server: $schema=scenario.schema.json`,
    )
    .action(() => {
      stdout.write(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
    });
}
