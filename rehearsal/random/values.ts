import type { Properties, Value } from "../provider/properties.ts";
import type { Bytes } from "./bytes.ts";

/** How one random resource gets its value from its inputs. */
export interface RandomModel {
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
export const RANDOM_MODELS: Readonly<Record<string, RandomModel>> = {
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
