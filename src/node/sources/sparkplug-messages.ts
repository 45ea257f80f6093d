// Generated from sparkplug-messages.proto by scripts/generate-messages.mjs; do not edit.
// @ts-nocheck: protons' code is not written for strict settings; the types it exports are used as they are.
import { decodeMessage, encodeMessage, MaxLengthError, message } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Payload {
  timestamp?: bigint
  metrics: Metric[]
  seq?: bigint
}

export const Payload = (() => {
  let _codec: Codec<Payload>

  const codec = (): Codec<Payload> => {
    if (_codec == null) {
      _codec = message<Payload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.timestamp != null) {
          w.uint32(8)
          w.uint64(obj.timestamp)
        }

        if (obj.metrics != null && obj.metrics.length > 0) {
          for (const value of obj.metrics) {
            w.uint32(18)
            Metric.codec().encode(value, w)
          }
        }

        if (obj.seq != null) {
          w.uint32(24)
          w.uint64(obj.seq)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          metrics: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.timestamp = reader.uint64()
              break
            }
            case 2: {
              if (opts.limits?.metrics != null && obj.metrics.length === opts.limits.metrics) {
                throw new MaxLengthError('Decode error - repeated field "metrics" had too many elements')
              }

              if (obj.metrics.length === 16384) {
                throw new MaxLengthError('Decode error - repeated field "metrics" had too many elements')
              }

              obj.metrics.push(Metric.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.metrics$
              }))
              break
            }
            case 3: {
              obj.seq = reader.uint64()
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
          metrics: 16384
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.timestamp`,
                value: reader.uint64()
              }
              break
            }
            case 2: {
              if (opts.limits?.metrics != null && obj.metrics === opts.limits.metrics) {
                throw new MaxLengthError('Streaming decode error - repeated field "metrics" had too many elements')
              }

              if (obj.metrics === 16384) {
                throw new MaxLengthError('Streaming decode error - repeated field "metrics" had too many elements')
              }

              for (const evt of Metric.codec().stream(reader, reader.uint32(), `${prefix}.metrics[]`, {
                limits: opts.limits?.metrics$
              })) {
                yield {
                  ...evt,
                  index: obj.metrics
                }
              }

              obj.metrics++

              break
            }
            case 3: {
              yield {
                field: `${prefix}.seq`,
                value: reader.uint64()
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

  function encode (obj: Partial<Payload>): Uint8Array {
    return encodeMessage(obj, Payload.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Payload>): Payload {
    return decodeMessage(buf, Payload.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface Metric {
  name?: string
  alias?: bigint
  timestamp?: bigint
  datatype?: number
  isNull?: boolean
  properties?: PropertySet
  intValue?: number
  longValue?: bigint
  floatValue?: number
  doubleValue?: number
  booleanValue?: boolean
}

export const Metric = (() => {
  let _codec: Codec<Metric>

  const codec = (): Codec<Metric> => {
    if (_codec == null) {
      _codec = message<Metric>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }






        if (obj.booleanValue != null) {
          obj.doubleValue = undefined
          obj.floatValue = undefined
          obj.longValue = undefined
          obj.intValue = undefined
        }

        if (obj.doubleValue != null) {
          obj.booleanValue = undefined
          obj.floatValue = undefined
          obj.longValue = undefined
          obj.intValue = undefined
        }

        if (obj.floatValue != null) {
          obj.booleanValue = undefined
          obj.doubleValue = undefined
          obj.longValue = undefined
          obj.intValue = undefined
        }

        if (obj.longValue != null) {
          obj.booleanValue = undefined
          obj.doubleValue = undefined
          obj.floatValue = undefined
          obj.intValue = undefined
        }

        if (obj.intValue != null) {
          obj.booleanValue = undefined
          obj.doubleValue = undefined
          obj.floatValue = undefined
          obj.longValue = undefined
        }

        if (obj.name != null) {
          w.uint32(10)
          w.string(obj.name)
        }

        if (obj.alias != null) {
          w.uint32(16)
          w.uint64(obj.alias)
        }

        if (obj.timestamp != null) {
          w.uint32(24)
          w.uint64(obj.timestamp)
        }

        if (obj.datatype != null) {
          w.uint32(32)
          w.uint32(obj.datatype)
        }

        if (obj.isNull != null) {
          w.uint32(56)
          w.bool(obj.isNull)
        }

        if (obj.properties != null) {
          w.uint32(74)
          PropertySet.codec().encode(obj.properties, w)
        }

        if (obj.intValue != null) {
          w.uint32(80)
          w.uint32(obj.intValue)
        }

        if (obj.longValue != null) {
          w.uint32(88)
          w.uint64(obj.longValue)
        }

        if (obj.floatValue != null) {
          w.uint32(101)
          w.float(obj.floatValue)
        }

        if (obj.doubleValue != null) {
          w.uint32(105)
          w.double(obj.doubleValue)
        }

        if (obj.booleanValue != null) {
          w.uint32(112)
          w.bool(obj.booleanValue)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              obj.alias = reader.uint64()
              break
            }
            case 3: {
              obj.timestamp = reader.uint64()
              break
            }
            case 4: {
              obj.datatype = reader.uint32()
              break
            }
            case 7: {
              obj.isNull = reader.bool()
              break
            }
            case 9: {
              obj.properties = PropertySet.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.properties
              })
              break
            }
            case 10: {
              obj.intValue = reader.uint32()
              break
            }
            case 11: {
              obj.longValue = reader.uint64()
              break
            }
            case 12: {
              obj.floatValue = reader.float()
              break
            }
            case 13: {
              obj.doubleValue = reader.double()
              break
            }
            case 14: {
              obj.booleanValue = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }






        if (obj.booleanValue != null) {
          delete obj.doubleValue
          delete obj.floatValue
          delete obj.longValue
          delete obj.intValue
        }

        if (obj.doubleValue != null) {
          delete obj.booleanValue
          delete obj.floatValue
          delete obj.longValue
          delete obj.intValue
        }

        if (obj.floatValue != null) {
          delete obj.booleanValue
          delete obj.doubleValue
          delete obj.longValue
          delete obj.intValue
        }

        if (obj.longValue != null) {
          delete obj.booleanValue
          delete obj.doubleValue
          delete obj.floatValue
          delete obj.intValue
        }

        if (obj.intValue != null) {
          delete obj.booleanValue
          delete obj.doubleValue
          delete obj.floatValue
          delete obj.longValue
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.alias`,
                value: reader.uint64()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.timestamp`,
                value: reader.uint64()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.datatype`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.isNull`,
                value: reader.bool()
              }
              break
            }
            case 9: {
              yield * PropertySet.codec().stream(reader, reader.uint32(), `${prefix}.properties`, {
                limits: opts.limits?.properties
              })

              break
            }
            case 10: {
              yield {
                field: `${prefix}.intValue`,
                value: reader.uint32()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.longValue`,
                value: reader.uint64()
              }
              break
            }
            case 12: {
              yield {
                field: `${prefix}.floatValue`,
                value: reader.float()
              }
              break
            }
            case 13: {
              yield {
                field: `${prefix}.doubleValue`,
                value: reader.double()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.booleanValue`,
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

  function encode (obj: Partial<Metric>): Uint8Array {
    return encodeMessage(obj, Metric.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Metric>): Metric {
    return decodeMessage(buf, Metric.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface PropertySet {
  keys: string[]
  values: PropertyValue[]
}

export const PropertySet = (() => {
  let _codec: Codec<PropertySet>

  const codec = (): Codec<PropertySet> => {
    if (_codec == null) {
      _codec = message<PropertySet>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.keys != null && obj.keys.length > 0) {
          for (const value of obj.keys) {
            w.uint32(10)
            w.string(value)
          }
        }

        if (obj.values != null && obj.values.length > 0) {
          for (const value of obj.values) {
            w.uint32(18)
            PropertyValue.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          keys: [],
          values: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.keys != null && obj.keys.length === opts.limits.keys) {
                throw new MaxLengthError('Decode error - repeated field "keys" had too many elements')
              }

              if (obj.keys.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "keys" had too many elements')
              }

              obj.keys.push(reader.string())
              break
            }
            case 2: {
              if (opts.limits?.values != null && obj.values.length === opts.limits.values) {
                throw new MaxLengthError('Decode error - repeated field "values" had too many elements')
              }

              if (obj.values.length === 256) {
                throw new MaxLengthError('Decode error - repeated field "values" had too many elements')
              }

              obj.values.push(PropertyValue.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.values$
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
          keys: 256,
          values: 256
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.keys != null && obj.keys === opts.limits.keys) {
                throw new MaxLengthError('Streaming decode error - repeated field "keys" had too many elements')
              }

              if (obj.keys === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "keys" had too many elements')
              }

              yield {
                field: `${prefix}.keys[]`,
                index: obj.keys,
                value: reader.string()
              }

              obj.keys++

              break
            }
            case 2: {
              if (opts.limits?.values != null && obj.values === opts.limits.values) {
                throw new MaxLengthError('Streaming decode error - repeated field "values" had too many elements')
              }

              if (obj.values === 256) {
                throw new MaxLengthError('Streaming decode error - repeated field "values" had too many elements')
              }

              for (const evt of PropertyValue.codec().stream(reader, reader.uint32(), `${prefix}.values[]`, {
                limits: opts.limits?.values$
              })) {
                yield {
                  ...evt,
                  index: obj.values
                }
              }

              obj.values++

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

  function encode (obj: Partial<PropertySet>): Uint8Array {
    return encodeMessage(obj, PropertySet.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PropertySet>): PropertySet {
    return decodeMessage(buf, PropertySet.codec(), opts)
  }

  return { codec, encode, decode }
})()

export interface PropertyValue {
  type?: number
  isNull?: boolean
  intValue?: number
  longValue?: bigint
  stringValue?: string
}

export const PropertyValue = (() => {
  let _codec: Codec<PropertyValue>

  const codec = (): Codec<PropertyValue> => {
    if (_codec == null) {
      _codec = message<PropertyValue>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }



        if (obj.stringValue != null) {
          obj.longValue = undefined
          obj.intValue = undefined
        }

        if (obj.longValue != null) {
          obj.stringValue = undefined
          obj.intValue = undefined
        }

        if (obj.intValue != null) {
          obj.stringValue = undefined
          obj.longValue = undefined
        }

        if (obj.type != null) {
          w.uint32(8)
          w.uint32(obj.type)
        }

        if (obj.isNull != null) {
          w.uint32(16)
          w.bool(obj.isNull)
        }

        if (obj.intValue != null) {
          w.uint32(24)
          w.uint32(obj.intValue)
        }

        if (obj.longValue != null) {
          w.uint32(32)
          w.uint64(obj.longValue)
        }

        if (obj.stringValue != null) {
          w.uint32(66)
          w.string(obj.stringValue)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.type = reader.uint32()
              break
            }
            case 2: {
              obj.isNull = reader.bool()
              break
            }
            case 3: {
              obj.intValue = reader.uint32()
              break
            }
            case 4: {
              obj.longValue = reader.uint64()
              break
            }
            case 8: {
              obj.stringValue = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }



        if (obj.stringValue != null) {
          delete obj.longValue
          delete obj.intValue
        }

        if (obj.longValue != null) {
          delete obj.stringValue
          delete obj.intValue
        }

        if (obj.intValue != null) {
          delete obj.stringValue
          delete obj.longValue
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.type`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.isNull`,
                value: reader.bool()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.intValue`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.longValue`,
                value: reader.uint64()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.stringValue`,
                value: reader.string()
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

  function encode (obj: Partial<PropertyValue>): Uint8Array {
    return encodeMessage(obj, PropertyValue.codec())
  }

  function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PropertyValue>): PropertyValue {
    return decodeMessage(buf, PropertyValue.codec(), opts)
  }

  return { codec, encode, decode }
})()
