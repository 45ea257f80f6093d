// From the manifest to the names that follow from it: federation id, topic, stream protocols. Knows no manifest's fields.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

/** Version of the wire protocol; part of every message, of the topic and of the stream protocols. */
export const protocolVersion = 1;

/** libp2p protocol on which a peer pushes one Message: an update or moments. */
export const updateStreamProtocol = `/rumormill/update/${protocolVersion}`;

/** libp2p protocol on which a peer sends a pull and reads the answers. */
export const modelStreamProtocol = `/rumormill/model/${protocolVersion}`;

/** Anything JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** The 32 bytes that name a federation: SHA-256 of the manifest's canonical JSON in UTF-8. */
export function federationId(manifest: JsonValue): Uint8Array {
  return new Uint8Array(createHash('sha256').update(canonicalJson(manifest), 'utf8').digest());
}

/** A federation id as people and other programs read it: 64 lower-case hex digits. */
export function federationText(federation: Uint8Array): string {
  return Buffer.from(federation).toString('hex');
}

/** The federation's gossipsub topic. */
export function topicOf(federation: Uint8Array): string {
  return `/rumormill/${protocolVersion}/${federationText(federation)}`;
}

/**
 * JSON in the one form of RFC 8785: keys sorted by UTF-16 code units, no spaces, numbers and strings as JavaScript
 * writes them. Asserts that numbers are finite and that strings are well-formed Unicode.
 */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'number') assert.ok(Number.isFinite(value), `${value} has no form in JSON`);
  if (typeof value === 'string') assert.ok(value.isWellFormed(), 'text with half a surrogate pair has no form in JSON');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${canonicalJson(key)}:${canonicalJson(value[key]!)}`);
  return `{${members.join(',')}}`;
}

// Array.isArray does not narrow readonly arrays.
function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
