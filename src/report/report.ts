// Reads a run's folder and writes report.html into it. Owns the checks of what it reads; renders nothing itself.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ZodError, ZodType } from 'zod';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { messageOf, OperatorError } from '../lib/errors.ts';
import { type MetricsEvent, metricsEventSchema, summarySchema } from '../scenario/results.ts';
import { renderReport } from './render-report.ts';

/**
 * Writes `folder`/report.html from summary.json, metrics.jsonl and config.yaml of the same folder, and returns its path.
 * Throws OperatorError with the file (and line) where one is missing or is not what a run writes.
 */
export async function writeReport(folder: string): Promise<string> {
  const summaryPath = join(folder, 'summary.json');
  const eventsPath = join(folder, 'metrics.jsonl');
  const summary = parsed(await textOf(summaryPath), summaryPath, summarySchema);
  const events: MetricsEvent[] = [];
  for (const [i, line] of (await textOf(eventsPath)).split('\n').entries()) {
    if (line.trim() !== '') events.push(parsed(line, `${eventsPath}:${i + 1}`, metricsEventSchema));
  }
  const configYaml = await textOf(join(folder, 'config.yaml'));
  const path = join(folder, 'report.html');
  await writeFileAtomic(path, renderReport({ summary, events, configYaml }));
  return path;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const what = isMissing ? 'does not exist' : `cannot be read (${messageOf(error)})`;
    throw new OperatorError(`${path} ${what}; name the folder of a run, or run the scenario again`);
  }
}

function parsed<T>(text: string, where: string, schema: ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new OperatorError(`${where} is not JSON (${messageOf(error)}); run the scenario again to replace it`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new OperatorError(
    `${where} is not as a run writes it: ${firstIssue(result.error)}; run the scenario again to replace it`,
  );
}

function firstIssue(error: ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? error.message : `${issue.path.join('.') || 'the whole'}: ${issue.message}`;
}
