// The command `schema`: prints the JSON Schema of a scenario or of a manifest for editors.
import { Argument, type Command } from 'commander';
import { manifestJsonSchema } from '../node/manifest-schema.ts';
import { scenarioJsonSchema } from '../scenario/json-schema.ts';
import type { Ports } from './ports.ts';

/** Adds `rumormill schema` to the program. */
export function addSchemaCommand(program: Command, { stdout }: Ports): void {
  program
    .command('schema')
    .description('print the JSON Schema of a scenario or federation file, for editors')
    .addArgument(new Argument('[KIND]', 'of which file').choices(['scenario', 'federation']).default('scenario'))
    .addHelpText(
      'after',
      `
An editor that knows YAML completes and checks a file whose first line names the schema:
  rumormill schema > scenario.schema.json
  # yaml-language-server: $schema=scenario.schema.json`,
    )
    .action((kind: string) => {
      const schema = kind === 'federation' ? manifestJsonSchema() : scenarioJsonSchema();
      stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
