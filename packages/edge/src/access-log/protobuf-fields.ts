const GROUP_BITS = 7;
const GROUP = 2 ** GROUP_BITS;
const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;
const WIRE_TYPE_BITS = 3;
const WIRE_TYPES = 2 ** WIRE_TYPE_BITS;

/** A message is cut off, or is none. */
export class ProtobufFault extends Error {}

/**
 * Reads the fields of a protobuf message one after the other, in place: `next` goes to one, and either one of the readers or
 * `skip` takes what is in it. Nothing is made of fields that are skipped.
 */
export class ProtobufFields {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  #wireType = VARINT;
  /** The number of the field that `next` went to. */
  field = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** False at the end of the message. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.number();
    this.field = Math.floor(tag / WIRE_TYPES);
    this.#wireType = tag % WIRE_TYPES;
    return true;
  }

  /** A varint; beyond 2^53 it is not exact. */
  number(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      if (this.#at >= this.#end) throw new ProtobufFault('a number is cut off');
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte % GROUP) * factor;
      if (byte < GROUP) return value;
      factor *= GROUP;
    }
  }

  text(): string {
    const end = this.#endOfBytes();
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }

  /** The message in the field. */
  message(): ProtobufFields {
    const end = this.#endOfBytes();
    const message = new ProtobufFields(this.#bytes, this.#at, end);
    this.#at = end;
    return message;
  }

  skip(): void {
    if (this.#wireType === VARINT) this.number();
    else if (this.#wireType === BYTES) this.#at = this.#endOfBytes();
    else if (this.#wireType === FIXED_64) this.#at += 8;
    else if (this.#wireType === FIXED_32) this.#at += 4;
    else throw new ProtobufFault(`field ${this.field} is of an unknown type`);
  }

  #endOfBytes(): number {
    if (this.#wireType !== BYTES) throw new ProtobufFault(`field ${this.field} is not what it should be`);
    const length = this.number();
    const end = this.#at + length;
    if (end > this.#end) throw new ProtobufFault(`field ${this.field} is cut off`);
    return end;
  }
}
