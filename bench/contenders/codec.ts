// Updates to bytes and back, as a node does it: payload, digest, message.
import assert from 'node:assert/strict';
import { decodeMessage, encodeMessage } from '../../src/gossip/codec.ts';
import { decodePayload, digestOf, encodePayload, payloadBytesOf } from '../../src/gossip/payload.ts';
import { weightShapes } from '../../src/model/weights.ts';
import { freshModel, notMine } from '../models.ts';
import type { Contender, Job, Work } from '../protocol.ts';

/** The codec needs nothing that could be missing. */
export function load(): Contender {
  return { version: '', prepare };
}

function prepare(job: Job): Work {
  if (job.kind !== 'encode' && job.kind !== 'decode') throw notMine(job);
  const { encoding, spec } = job;
  const shapes = weightShapes(spec);
  const { weights } = freshModel(spec, 1);
  const federation = digestOf(new Uint8Array());
  const limits = {
    federation,
    payloadBytesMax: payloadBytesOf(shapes, encoding),
    originsMax: 1,
    features: spec.features,
  };
  const encode = () => {
    const payload = encodePayload(weights, shapes, encoding);
    const header = {
      round: 1,
      steps: 20,
      samples: 8192,
      degree: 6,
      scaler: new Uint8Array(),
      sparsifier: 'none',
      content: 'weights',
    } as const;
    const digest = digestOf(payload);
    return encodeMessage(
      { kind: 'update', ...header, encoding, digest, payloadBytes: payload.length, payload },
      federation,
    );
  };
  const message = encode();
  const decode = () => {
    const update = decodeMessage(message, limits);
    assert(update.kind === 'update' && update.payload !== undefined);
    assert(Buffer.compare(update.digest, digestOf(update.payload)) === 0);
    return decodePayload(update.payload, shapes, encoding);
  };
  const unit = job.kind === 'encode' ? encode : decode;
  return (units) => {
    for (let i = 0; i < units; i++) unit();
    return units * 4 * weights.length;
  };
}
