// Generated from messages.proto by scripts/generate-messages.mjs; do not edit.
// @ts-nocheck: protons' code is not written for strict settings; the types it exports are used as they are.
import { decodeMessage, encodeMessage, enumeration, MaxLengthError, message } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Message {
  protocol: number
  federation: Uint8Array
  update?: Update
  moments?: Moments
  pull?: Pull
  notHeld?: NotHeld
}

export const Message = (() => {
  let _codec: Codec<Message>

  const codec = (): Codec<Message> => {
    if (_codec == null) {
      _codec = message<Message>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }

        if (obj.notHeld != null) {
          obj.pull = undefined
          obj.moments = undefined
          obj.update = undefined
        }

        if (obj.pull != null) {
          obj.notHeld = undefined
          obj.moments = undefined
          obj.update = undefined
        }

        if (obj.moments != null) {
          obj.notHeld = undefined
          obj.pull = undefined
          obj.update = undefined
        }

        if (obj.update != null) {
          obj.notHeld = undefined
          obj.pull = undefined
          obj.moments = undefined
        }

        if ((obj.protocol != null && obj.protocol !== 0)) {
          w.uint32(8)
          w.uint32(obj.protocol)
        }

        if ((obj.federation != null && obj.federation.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.federation)
        }

        if (obj.update != null) {
          w.uint32(26)
          Update.codec().encode(obj.update, w)
        }

        if (obj.moments != null) {
          w.uint32(34)
          Moments.codec().encode(obj.moments, w)
        }

        if (obj.pull != null) {
          w.uint32(42)
          Pull.codec().encode(obj.pull, w)
        }

        if (obj.notHeld != null) {
          w.uint32(50)
          NotHeld.codec().encode(obj.notHeld, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          protocol: 0,
          federation: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.protocol = reader.uint32()
              break
            }
            case 2: {
              obj.federation = reader.bytes()
              break
            }
            case 3: {
              obj.update = Update.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.update
              })
              break
            }
            case 4: {
              obj.moments = Moments.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.moments
              })
              break
            }
            case 5: {
              obj.pull = Pull.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.pull
              })
              break
            }
            case 6: {
              obj.notHeld = NotHeld.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.notHeld
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (obj.notHeld != null) {
          delete obj.pull
          delete obj.moments
          delete obj.update
        }

        if (obj.pull != null) {
          delete obj.notHeld
          delete obj.moments
          delete obj.update
        }

        if (obj.moments != null) {
          delete obj.notHeld
          delete obj.pull
          delete obj.update
        }

        if (obj.update != null) {
          delete obj.notHeld
          delete obj.pull
          delete obj.moments
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.protocol`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.federation`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield * Update.codec().stream(reader, reader.uint32(), `${prefix}.update`, {
                limits: opts.limits?.update
              })

              break
            }
            case 4: {
              yield * Moments.codec().stream(reader, reader.uint32(), `${prefix}.moments`, {
                limits: opts.limits?.moments
              })

              break
            }
            case 5: {
              yield * Pull.codec().stream(reader, reader.uint32(), `${prefix}.pull`, {
                limits: opts.limits?.pull
              })

              break
            }
            case 6: {
              yield * NotHeld.codec().stream(reader, reader.uint32(), `${prefix}.notHeld`, {
                limits: opts.limits?.notHeld
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<Message>): Uint8Array {
    return encodeMessage(obj, Message.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message>): Message {
    return decodeMessage(buf, Message.codec(), opts)
  }

  return { codec, encode, decode }
})()

const EncodingNames = {
  FLOAT32: 'FLOAT32',
  INT8: 'INT8',
  FLOAT16: 'FLOAT16'
} as const

export type Encoding = keyof typeof EncodingNames

const __EncodingValues = {
  FLOAT32: 0,
  INT8: 1,
  FLOAT16: 2,
  0: 'FLOAT32',
  1: 'INT8',
  2: 'FLOAT16'
}

export const Encoding = (() => {
  const codec = (): Codec<Encoding> => {
    return enumeration<Encoding>(__EncodingValues)
  }

  return { ...EncodingNames, codec }
})()

const SparsifierNames = {
  NONE: 'NONE',
  TOP_K: 'TOP_K',
  RANDOM_K: 'RANDOM_K'
} as const

export type Sparsifier = keyof typeof SparsifierNames

const __SparsifierValues = {
  NONE: 0,
  TOP_K: 1,
  RANDOM_K: 2,
  0: 'NONE',
  1: 'TOP_K',
  2: 'RANDOM_K'
}

export const Sparsifier = (() => {
  const codec = (): Codec<Sparsifier> => {
    return enumeration<Sparsifier>(__SparsifierValues)
  }

  return { ...SparsifierNames, codec }
})()

const ContentNames = {
  WEIGHTS: 'WEIGHTS',
  DIFFERENCE: 'DIFFERENCE',
  SUMS: 'SUMS'
} as const

export type Content = keyof typeof ContentNames

const __ContentValues = {
  WEIGHTS: 0,
  DIFFERENCE: 1,
  SUMS: 2,
  0: 'WEIGHTS',
  1: 'DIFFERENCE',
  2: 'SUMS'
}

export const Content = (() => {
  const codec = (): Codec<Content> => {
    return enumeration<Content>(__ContentValues)
  }

  return { ...ContentNames, codec }
})()

export interface Update {
  round: number
  steps: number
  samples: number
  degree: number
  encoding: Encoding
  digest: Uint8Array
  scaler: Uint8Array
  payloadBytes: number
  payload: Uint8Array
  sparsifier: Sparsifier
  content: Content
  mass?: Mass
}

export const Update = (() => {
  let _codec: Codec<Update>

  const codec = (): Codec<Update> => {
    if (_codec == null) {
      _codec = message<Update>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.round != null && obj.round !== 0)) {
          w.uint32(8)
          w.uint32(obj.round)
        }

        if ((obj.steps != null && obj.steps !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.steps)
        }

        if ((obj.samples != null && obj.samples !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.samples)
        }

        if ((obj.degree != null && obj.degree !== 0)) {
          w.uint32(32)
          w.uint32(obj.degree)
        }

        if (obj.encoding != null && __EncodingValues[obj.encoding] !== 0) {
          w.uint32(40)
          Encoding.codec().encode(obj.encoding, w)
        }

        if ((obj.digest != null && obj.digest.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.digest)
        }

        if ((obj.scaler != null && obj.scaler.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.scaler)
        }

        if ((obj.payloadBytes != null && obj.payloadBytes !== 0)) {
          w.uint32(64)
          w.uint32(obj.payloadBytes)
        }

        if ((obj.payload != null && obj.payload.byteLength > 0)) {
          w.uint32(74)
          w.bytes(obj.payload)
        }

        if (obj.sparsifier != null && __SparsifierValues[obj.sparsifier] !== 0) {
          w.uint32(80)
          Sparsifier.codec().encode(obj.sparsifier, w)
        }

        if (obj.content != null && __ContentValues[obj.content] !== 0) {
          w.uint32(88)
          Content.codec().encode(obj.content, w)
        }

        if (obj.mass != null) {
          w.uint32(98)
          Mass.codec().encode(obj.mass, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          round: 0,
          steps: 0,
          samples: 0,
          degree: 0,
          encoding: Encoding.FLOAT32,
          digest: uint8ArrayAlloc(0),
          scaler: uint8ArrayAlloc(0),
          payloadBytes: 0,
          payload: uint8ArrayAlloc(0),
          sparsifier: Sparsifier.NONE,
          content: Content.WEIGHTS
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.round = reader.uint32()
              break
            }
            case 2: {
              obj.steps = reader.uint64Number()
              break
            }
            case 3: {
              obj.samples = reader.uint64Number()
              break
            }
            case 4: {
              obj.degree = reader.uint32()
              break
            }
            case 5: {
              obj.encoding = Encoding.codec().decode(reader)
              break
            }
            case 6: {
              obj.digest = reader.bytes()
              break
            }
            case 7: {
              obj.scaler = reader.bytes()
              break
            }
            case 8: {
              obj.payloadBytes = reader.uint32()
              break
            }
            case 9: {
              obj.payload = reader.bytes()
              break
            }
            case 10: {
              obj.sparsifier = Sparsifier.codec().decode(reader)
              break
            }
            case 11: {
              obj.content = Content.codec().decode(reader)
              break
            }
            case 12: {
              obj.mass = Mass.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.mass
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.round`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.steps`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.samples`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.degree`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.encoding`,
                value: Encoding.codec().decode(reader)
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.digest`,
                value: reader.bytes()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.scaler`,
                value: reader.bytes()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.payloadBytes`,
                value: reader.uint32()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.payload`,
                value: reader.bytes()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.sparsifier`,
                value: Sparsifier.codec().decode(reader)
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.content`,
                value: Content.codec().decode(reader)
              }
              break
            }
            case 12: {
              yield * Mass.codec().stream(reader, reader.uint32(), `${prefix}.mass`, {
                limits: opts.limits?.mass
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<Update>): Uint8Array {
    return encodeMessage(obj, Update.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Update>): Update {
    return decodeMessage(buf, Update.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface Mass {
  epoch: number
  sequence: number
  weight: Uint8Array
}

export const Mass = (() => {
  let _codec: Codec<Mass>

  const codec = (): Codec<Mass> => {
    if (_codec == null) {
      _codec = message<Mass>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(8)
          w.uint32(obj.epoch)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(16)
          w.uint32(obj.sequence)
        }

        if ((obj.weight != null && obj.weight.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.weight)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          epoch: 0,
          sequence: 0,
          weight: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.epoch = reader.uint32()
              break
            }
            case 2: {
              obj.sequence = reader.uint32()
              break
            }
            case 3: {
              obj.weight = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.weight`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<Mass>): Uint8Array {
    return encodeMessage(obj, Mass.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Mass>): Mass {
    return decodeMessage(buf, Mass.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface Moments {
  origins: Origin[]
}

export const Moments = (() => {
  let _codec: Codec<Moments>

  const codec = (): Codec<Moments> => {
    if (_codec == null) {
      _codec = message<Moments>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.origins != null && obj.origins.length > 0) {
          for (const value of obj.origins) {
            w.uint32(10)
            Origin.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          origins: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.origins != null && obj.origins.length === opts.limits.origins) {
                throw new MaxLengthError('Decode error - repeated field "origins" had too many elements')
              }

              obj.origins.push(Origin.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.origins$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          origins: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.origins != null && obj.origins === opts.limits.origins) {
                throw new MaxLengthError('Streaming decode error - repeated field "origins" had too many elements')
              }

              for (const evt of Origin.codec().stream(reader, reader.uint32(), `${prefix}.origins[]`, {
                limits: opts.limits?.origins$
              })) {
                yield {
                  ...evt,
                  index: obj.origins
                }
              }

              obj.origins++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<Moments>): Uint8Array {
    return encodeMessage(obj, Moments.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Moments>): Moments {
    return decodeMessage(buf, Moments.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface Origin {
  peer: string
  version: number
  count: Uint8Array
  mean: Uint8Array
  m2: Uint8Array
}

export const Origin = (() => {
  let _codec: Codec<Origin>

  const codec = (): Codec<Origin> => {
    if (_codec == null) {
      _codec = message<Origin>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.peer != null && obj.peer !== '')) {
          w.uint32(10)
          w.string(obj.peer)
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(16)
          w.uint32(obj.version)
        }

        if ((obj.count != null && obj.count.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.count)
        }

        if ((obj.mean != null && obj.mean.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.mean)
        }

        if ((obj.m2 != null && obj.m2.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.m2)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peer: '',
          version: 0,
          count: uint8ArrayAlloc(0),
          mean: uint8ArrayAlloc(0),
          m2: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peer = reader.string()
              break
            }
            case 2: {
              obj.version = reader.uint32()
              break
            }
            case 3: {
              obj.count = reader.bytes()
              break
            }
            case 4: {
              obj.mean = reader.bytes()
              break
            }
            case 5: {
              obj.m2 = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.peer`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.count`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.mean`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.m2`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<Origin>): Uint8Array {
    return encodeMessage(obj, Origin.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Origin>): Origin {
    return decodeMessage(buf, Origin.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface Pull {
  digest: Uint8Array
  moments: boolean
}

export const Pull = (() => {
  let _codec: Codec<Pull>

  const codec = (): Codec<Pull> => {
    if (_codec == null) {
      _codec = message<Pull>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.digest != null && obj.digest.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.digest)
        }

        if ((obj.moments != null && obj.moments !== false)) {
          w.uint32(16)
          w.bool(obj.moments)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          digest: uint8ArrayAlloc(0),
          moments: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.digest = reader.bytes()
              break
            }
            case 2: {
              obj.moments = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.digest`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.moments`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<Pull>): Uint8Array {
    return encodeMessage(obj, Pull.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Pull>): Pull {
    return decodeMessage(buf, Pull.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface NotHeld {
  digest: Uint8Array
}

export const NotHeld = (() => {
  let _codec: Codec<NotHeld>

  const codec = (): Codec<NotHeld> => {
    if (_codec == null) {
      _codec = message<NotHeld>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.digest != null && obj.digest.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.digest)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          digest: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.digest = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.digest`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<NotHeld>): Uint8Array {
    return encodeMessage(obj, NotHeld.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NotHeld>): NotHeld {
    return decodeMessage(buf, NotHeld.codec(), opts)
  }

  return { codec, encode, decode }
})()

const FederationPartNames = {
  MANIFEST: 'MANIFEST',
  ROSTER: 'ROSTER',
  PEERS: 'PEERS'
} as const

export type FederationPart = keyof typeof FederationPartNames

const __FederationPartValues = {
  MANIFEST: 0,
  ROSTER: 1,
  PEERS: 2,
  0: 'MANIFEST',
  1: 'ROSTER',
  2: 'PEERS'
}

export const FederationPart = (() => {
  const codec = (): Codec<FederationPart> => {
    return enumeration<FederationPart>(__FederationPartValues)
  }

  return { ...FederationPartNames, codec }
})()

export interface FederationRequest {
  federation: Uint8Array
  part: FederationPart
  rosterVersion: number
}

export const FederationRequest = (() => {
  let _codec: Codec<FederationRequest>

  const codec = (): Codec<FederationRequest> => {
    if (_codec == null) {
      _codec = message<FederationRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.federation != null && obj.federation.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.federation)
        }

        if (obj.part != null && __FederationPartValues[obj.part] !== 0) {
          w.uint32(16)
          FederationPart.codec().encode(obj.part, w)
        }

        if ((obj.rosterVersion != null && obj.rosterVersion !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.rosterVersion)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          federation: uint8ArrayAlloc(0),
          part: FederationPart.MANIFEST,
          rosterVersion: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.federation = reader.bytes()
              break
            }
            case 2: {
              obj.part = FederationPart.codec().decode(reader)
              break
            }
            case 3: {
              obj.rosterVersion = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.federation`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.part`,
                value: FederationPart.codec().decode(reader)
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.rosterVersion`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<FederationRequest>): Uint8Array {
    return encodeMessage(obj, FederationRequest.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FederationRequest>): FederationRequest {
    return decodeMessage(buf, FederationRequest.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface FederationAnswer {
  federation: Uint8Array
  content: Uint8Array
  peers: PeerAddresses[]
}

export const FederationAnswer = (() => {
  let _codec: Codec<FederationAnswer>

  const codec = (): Codec<FederationAnswer> => {
    if (_codec == null) {
      _codec = message<FederationAnswer>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.federation != null && obj.federation.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.federation)
        }

        if ((obj.content != null && obj.content.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.content)
        }

        if (obj.peers != null && obj.peers.length > 0) {
          for (const value of obj.peers) {
            w.uint32(26)
            PeerAddresses.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          federation: uint8ArrayAlloc(0),
          content: uint8ArrayAlloc(0),
          peers: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.federation = reader.bytes()
              break
            }
            case 2: {
              obj.content = reader.bytes()
              break
            }
            case 3: {
              if (opts.limits?.peers != null && obj.peers.length === opts.limits.peers) {
                throw new MaxLengthError('Decode error - repeated field "peers" had too many elements')
              }

              obj.peers.push(PeerAddresses.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.peers$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          peers: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.federation`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.content`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              if (opts.limits?.peers != null && obj.peers === opts.limits.peers) {
                throw new MaxLengthError('Streaming decode error - repeated field "peers" had too many elements')
              }

              for (const evt of PeerAddresses.codec().stream(reader, reader.uint32(), `${prefix}.peers[]`, {
                limits: opts.limits?.peers$
              })) {
                yield {
                  ...evt,
                  index: obj.peers
                }
              }

              obj.peers++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<FederationAnswer>): Uint8Array {
    return encodeMessage(obj, FederationAnswer.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FederationAnswer>): FederationAnswer {
    return decodeMessage(buf, FederationAnswer.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface PeerAddresses {
  peer: string
  addresses: string[]
}

export const PeerAddresses = (() => {
  let _codec: Codec<PeerAddresses>

  const codec = (): Codec<PeerAddresses> => {
    if (_codec == null) {
      _codec = message<PeerAddresses>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.peer != null && obj.peer !== '')) {
          w.uint32(10)
          w.string(obj.peer)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(18)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peer: '',
          addresses: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peer = reader.string()
              break
            }
            case 2: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.string())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          addresses: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.peer`,
                value: reader.string()
              }
              break
            }
            case 2: {
              if (opts.limits?.addresses != null && obj.addresses === opts.limits.addresses) {
                throw new MaxLengthError('Streaming decode error - repeated field "addresses" had too many elements')
              }

              yield {
                field: `${prefix}.addresses[]`,
                index: obj.addresses,
                value: reader.string()
              }

              obj.addresses++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  function encode (obj: Partial<PeerAddresses>): Uint8Array {
    return encodeMessage(obj, PeerAddresses.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeerAddresses>): PeerAddresses {
    return decodeMessage(buf, PeerAddresses.codec(), opts)
  }

  return { codec, encode, decode }
})()
