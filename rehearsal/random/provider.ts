import { createHash } from "node:crypto";
import { UNKNOWN } from "../../shared/engine-values.ts";
import {
  type Checked,
  type CheckRequest,
  type Created,
  type CreateRequest,
  type Difference,
  type DiffRequest,
  differenceOf,
  type Outputs,
  type ProviderModel,
  type Read,
  type ReadRequest,
  type UpdateRequest,
} from "../provider/model.ts";

import type { Properties, Value } from "../provider/properties.ts";

/** How one random resource gets its value from its inputs. */
interface RandomModel {
  readonly required: readonly string[];
  readonly defaults: Properties;
  readonly secrets: readonly string[];
  /** Names of the outputs, unknown in a preview. */
  readonly outputs: readonly string[];
  generate(inputs: Properties, bytes: Bytes): { readonly id: string; readonly outputs: Properties };
}

const CLASSES = {
  lower: "abcdefghijklmnopqrstuvwxyz",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  numeric: "0123456789",
  special: "!@#$%&*()-_=+[]{}<>:?",
} as const;

const NAMES = ["lower", "upper", "numeric", "special"] as const;

const numberOf = (value: Value | undefined, fallback: number) => (typeof value === "number" ? value : fallback);

const textOf = (value: Value | undefined, fallback: string) => (typeof value === "string" ? value : fallback);

/** Text of the wanted length with at least the wanted number of each class of characters. */
function characters(inputs: Properties, bytes: Bytes): string {
  const alphabets = NAMES.map((name) => {
    const alphabet = name === "special" ? textOf(inputs.overrideSpecial, CLASSES.special) : CLASSES[name];
    const minimum = numberOf(inputs[`min${name[0]?.toUpperCase()}${name.slice(1)}`], 0);
    return { alphabet: inputs[name] === false ? "" : alphabet, minimum };
  });
  const all = alphabets.map(({ alphabet }) => alphabet).join("");
  const length = numberOf(inputs.length, 0);
  const least = alphabets.flatMap(({ alphabet, minimum }) =>
    Array.from({ length: minimum }, () => bytes.pick(alphabet)),
  );
  if (all === "" || least.length > length)
    throw new Error(`random: ${length} characters cannot hold the ${least.length} that the classes ask for`);
  const rest = Array.from({ length: length - least.length }, () => bytes.pick(all));
  return bytes.shuffle([...least, ...rest]).join("");
}

const DEFAULTS: Properties = {
  ...{ lower: true, upper: true, numeric: true, number: true, special: true },
  ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
};

const ADJECTIVES = ["brave", "calm", "eager", "fair", "gentle", "keen", "lively", "noble", "proud", "quick", "wise"];

const ANIMALS = ["badger", "crane", "dolphin", "falcon", "heron", "lynx", "marten", "otter", "raven", "stoat", "wren"];

/** The random resources by type. `bcryptHash` of a password is not simulated. */
const RANDOM_MODELS: Readonly<Record<string, RandomModel>> = {
  "random:index/randomPassword:RandomPassword": {
    required: ["length"],
    defaults: DEFAULTS,
    secrets: ["result"],
    outputs: ["result"],
    generate: (inputs, bytes) => ({ id: "none", outputs: { result: characters(inputs, bytes) } }),
  },
  "random:index/randomString:RandomString": {
    required: ["length"],
    defaults: DEFAULTS,
    secrets: [],
    outputs: ["result"],
    generate: (inputs, bytes) => {
      const result = characters(inputs, bytes);
      return { id: result, outputs: { result } };
    },
  },
  "random:index/randomId:RandomId": {
    required: ["byteLength"],
    defaults: {},
    secrets: [],
    outputs: ["hex", "dec", "b64Std", "b64Url"],
    generate: (inputs, bytes) => {
      const value = bytes.take(numberOf(inputs.byteLength, 0));
      const prefix = textOf(inputs.prefix, "");
      const [hex, b64Url] = [value.toString("hex"), value.toString("base64url")];
      const dec = BigInt(`0x0${hex}`).toString();
      const outputs = { hex, dec, b64Std: value.toString("base64"), b64Url };
      return {
        id: b64Url,
        outputs: Object.fromEntries(Object.entries(outputs).map(([key, text]) => [key, `${prefix}${text}`])),
      };
    },
  },
  "random:index/randomPet:RandomPet": {
    required: [],
    defaults: { length: 2, separator: "-" },
    secrets: [],
    outputs: [],
    generate: (inputs, bytes) => {
      const adjectives = Array.from(
        { length: numberOf(inputs.length, 2) - 1 },
        () => ADJECTIVES[bytes.below(ADJECTIVES.length)],
      );
      const prefix = inputs.prefix === undefined ? [] : [textOf(inputs.prefix, "")];
      const words = [...prefix, ...adjectives, ANIMALS[bytes.below(ANIMALS.length)]];
      return { id: words.join(textOf(inputs.separator, "-")), outputs: {} };
    },
  },
};

/** Bytes without end that depend only on the key: the same rehearsal seed and resource give the same values again. */
class Bytes {
  readonly #key: string;
  #block = Buffer.alloc(0);
  #used = 0;
  #blocks = 0;

  constructor(key: string) {
    this.#key = key;
  }

  next(): number {
    if (this.#used >= this.#block.length) {
      this.#block = createHash("sha256").update(`${this.#key}:${this.#blocks}`).digest();
      this.#blocks += 1;
      this.#used = 0;
    }
    const value = this.#block[this.#used] ?? 0;
    this.#used += 1;
    return value;
  }

  take(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.next()));
  }

  /** A whole number from 0 up to the bound (at most 256), each equally likely. */
  below(bound: number): number {
    const limit = 256 - (256 % bound);
    for (;;) {
      const value = this.next();
      if (value < limit) return value % bound;
    }
  }

  /** One of the characters. */
  pick(characters: string): string {
    return characters[this.below(characters.length)] ?? "";
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.below(Math.min(last + 1, 256));
      const [left, right] = [shuffled[last], shuffled[other]];
      if (left === undefined || right === undefined) continue;
      shuffled[last] = right;
      shuffled[other] = left;
    }
    return shuffled;
  }
}

/** The `random` provider of the rehearsal: values that the seed and the resource's URN fix. */
export class RandomProvider implements ProviderModel {
  readonly name = "random";
  readonly version = "4.21.2";
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  check({ type, news }: CheckRequest): Checked {
    const model = modelOf(type);
    const missing = model.required.filter((property) => (news[property] ?? undefined) === undefined);
    const failures = missing.map((property) => ({ property, reason: `The argument "${property}" is required` }));
    return { inputs: { ...model.defaults, ...news }, failures };
  }

  diff({ oldInputs, news }: DiffRequest): Difference {
    return differenceOf(oldInputs, news, ["*"]);
  }

  create({ type, urn, inputs, preview }: CreateRequest): Created {
    const model = modelOf(type);
    const secrets = model.secrets.map((key) => [key]);
    if (preview) {
      const unknown = Object.fromEntries(model.outputs.map((key) => [key, UNKNOWN]));
      return { id: "", properties: { ...inputs, ...unknown }, secrets };
    }
    // Keepers ask for a new value although nothing else changed.
    const bytes = new Bytes(`${this.#seed}:${urn}:${JSON.stringify(inputs.keepers ?? null)}`);
    const { id, outputs } = model.generate(inputs, bytes);
    return { id, properties: { ...inputs, ...outputs }, secrets };
  }

  update({ olds, inputs }: UpdateRequest): Outputs {
    return { properties: { ...olds, ...inputs } };
  }

  read({ id, inputs, properties }: ReadRequest): Read {
    return { id, inputs, properties };
  }

  delete(): void {}
}

function modelOf(type: string): RandomModel {
  const model = RANDOM_MODELS[type];
  if (model === undefined) throw new Error(`sparki rehearsal: no model for ${type}`);
  return model;
}
