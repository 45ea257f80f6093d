// A federation's manifest: read from a file, or from a peer who says that it is the one with a certain id; and what follows
// from it. Owns the canonical form; the keys and their rules are elsewhere.
import { createHash } from 'node:crypto';
import { rangeOfFeature, sensorOfFeature } from '../data/features.ts';
import { canonicalJson, federationId, federationText, type JsonValue } from '../gossip/manifest.ts';
import { PeerError } from '../gossip/peer-error.ts';
import { type Problem, problemsError } from '../lib/config/problem.ts';
import { SchemaLookup } from '../lib/config/schema-lookup.ts';
import { issueProblems } from '../lib/config/schema-problems.ts';
import { type FileKind, readConfigText, YamlFile } from '../lib/config/yaml-file.ts';
import { OperatorError } from '../lib/errors.ts';
import { Prng } from '../lib/prng.ts';
import type { AutoencoderSpec, TrainSettings } from '../model/engine.ts';
import { type Scale, scaleFromRanges } from '../model/scaler.ts';
import { initialWeights } from '../model/weights.ts';
import { featuresOf, manifestProblems } from './manifest-checks.ts';
import { type ManifestSettings, manifestJsonSchema, manifestSchema } from './manifest-schema.ts';

/** Most bytes of a manifest's canonical form, so that it fits one message between peers. */
export const manifestBytesMax = 256 * 1024;

/** A valid manifest: its settings with every default filled in, and the form whose hash is the federation's id. */
export interface Manifest extends ManifestSettings {
  /**
   * The canonical JSON (RFC 8785) of what was written, without defaults, so that a key added by a later release
   * changes no id. Comments, order of keys and YAML's many spellings are not in it.
   */
  canonical: string;
}

/** What all gateways with one manifest have in common. */
export interface ManifestAgreement {
  /** Federation id: SHA-256 of `canonical` in UTF-8, 32 bytes. */
  federation: Uint8Array;
  canonical: string;
  spec: AutoencoderSpec;
  settings: TrainSettings;
  /** Names of the features, in column order, and for each the sensor that it is made of. */
  features: string[];
  sensors: string[];
  /** The weights that every gateway starts from. */
  weights: Float32Array;
  /** Given with the scaler fixed. */
  scale: Scale | undefined;
}

const manifestFile: FileKind = { name: 'federation', firstKeys: ['rumormill', 'sensors'] };

/** The manifest of a YAML file. Throws OperatorError with file, line and mend for each problem. */
export async function readManifest(path: string): Promise<Manifest> {
  return parseManifest(await readConfigText(path, manifestFile), path);
}

/** As readManifest(), from the file's text; `name` stands for the file in messages. */
export function parseManifest(text: string, name: string): Manifest {
  const file = new YamlFile(name, text, manifestFile);
  const placed = ({ path, message }: Problem) => {
    const { line } = file.deepest(path);
    return { place: `${name}:${line}`, line, message };
  };
  const result = validated(file.tree());
  if ('problems' in result) throw problemsError(result.problems.map(placed));
  const bytes = Buffer.byteLength(result.canonical);
  if (bytes > manifestBytesMax) {
    throw new OperatorError(
      `${name} has ${bytes} bytes without its comments, more than the ${manifestBytesMax} that peers pass on; take fewer sensors, or shorter names`,
    );
  }
  return result;
}

/**
 * The manifest that a peer sent as canonical JSON, for who knows only the federation's id. Throws PeerError, so that the next
 * peer can be asked: 'too-large', or 'wrong-digest' where it is not the manifest with that id. Throws OperatorError where
 * it is, but this release cannot take part in such a federation.
 */
export function manifestFromPeer(bytes: Uint8Array, federation: Uint8Array): Manifest {
  if (bytes.length > manifestBytesMax) throw new PeerError('too-large', `a manifest of ${bytes.length} bytes`);
  if (Buffer.compare(createHash('sha256').update(bytes).digest(), federation) !== 0) {
    throw new PeerError('wrong-digest', 'a manifest of another federation');
  }
  const refuse = (why: string) =>
    new OperatorError(
      `the manifest of federation ${federationText(federation)} cannot be used: ${why}; check the id, or install the release that the federation runs`,
    );
  let tree: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    tree = JSON.parse(text);
  } catch {
    // What is wrong inside says nothing to somebody who has only the id.
    throw refuse('it is not JSON');
  }
  const result = validated(tree);
  if ('problems' in result) throw refuse(result.problems[0]?.message ?? 'it is not valid');
  if (result.canonical !== text) throw refuse('it is not in canonical form');
  return result;
}

/** What follows from a manifest, the same on every gateway. */
export function agreementOf(manifest: Manifest): ManifestAgreement {
  const federation = federationId(JSON.parse(manifest.canonical) as JsonValue);
  const features = featuresOf(manifest);
  const names = manifest.sensors.map(({ name }) => name);
  const spec: AutoencoderSpec = { ...manifest.model, features: features.length };
  return {
    federation,
    canonical: manifest.canonical,
    spec,
    settings: manifest.train,
    features,
    sensors: features.map((feature) => sensorOfFeature(feature, names) as string),
    // Independently initialised networks must not be averaged.
    weights: initialWeights(spec, new Prng(federationText(federation))),
    scale: manifest.scaler === 'fixed' ? fixedScale(manifest, features) : undefined,
  };
}

function validated(tree: unknown): Manifest | { problems: Problem[] } {
  const lookup = new SchemaLookup(manifestJsonSchema());
  const parsed = manifestSchema.safeParse(tree);
  if (!parsed.success) return { problems: issueProblems(parsed.error.issues, tree, lookup) };
  const problems = manifestProblems(parsed.data, lookup);
  if (problems.length > 0) return { problems };
  // The schema lets nothing through that JSON cannot hold.
  return { ...parsed.data, canonical: canonicalJson(tree as JsonValue) };
}

function fixedScale({ sensors }: Manifest, features: readonly string[]): Scale {
  const ranges = Object.fromEntries(sensors.flatMap(({ name, range }) => (range === undefined ? [] : [[name, range]])));
  return scaleFromRanges(features.map((feature) => rangeOfFeature(feature, ranges)!));
}
