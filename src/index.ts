// The public surface: named re-exports only.
export { OperatorError } from './lib/errors.ts';
export type { AutoencoderSpec } from './model/engine.ts';
export { loadLayersModel, saveLayersModel } from './model/layers-model.ts';
export { type AlertEvent, alertEventSchema } from './node/alerts/alert-event.ts';
export { renderReport } from './report/render-report.ts';
export { writeReport } from './report/report.ts';
export type { Results } from './report/series.ts';
export { scenarioJsonSchema } from './scenario/json-schema.ts';
export { loadScenario } from './scenario/load.ts';
export type { ScenarioChanges } from './scenario/overrides.ts';
export type { RunOptions, RunProgress } from './scenario/progress.ts';
export type {
  BytesToTarget,
  CurvePoint,
  EvaluationSet,
  MethodName,
  MethodSummary,
  MetricName,
  MetricsEvent,
  SetMetrics,
  Statistic,
  Summary,
} from './scenario/results.ts';
export { metricsEventSchema, summarySchema } from './scenario/results.ts';
export { runScenario } from './scenario/run.ts';
export { type Scenario, scenarioSchema } from './scenario/schema.ts';
