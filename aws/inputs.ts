/** Stands for a value that a preview cannot know. */
export const UNKNOWN_INPUT: unique symbol = Symbol("unknown");

/** An input as the checks read it. */
export type Input =
  | null
  | undefined
  | boolean
  | number
  | string
  | typeof UNKNOWN_INPUT
  | readonly Input[]
  | { readonly [key: string]: Input };

export type InputRecord = { readonly [key: string]: Input };

export function isInputRecord(value: Input): value is InputRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isInputList(value: Input): value is readonly Input[] {
  return Array.isArray(value);
}

/** How an unknown value shows: as a value that stands for it, or by an error that reading it throws. */
export interface UnknownMarks {
  readonly isValue?: (value: unknown) => boolean;
  readonly throws?: (error: unknown) => boolean;
}

/** The properties as the checks read them; what is unknown, at any depth, is marked as such. */
export function inputRecordOf(properties: object, unknown: UnknownMarks): InputRecord {
  const entries = Object.keys(properties).map(
    (key) => [key, inputOf(() => Reflect.get(properties, key), unknown)] as const,
  );
  return Object.fromEntries(entries);
}

function inputOf(read: () => unknown, unknown: UnknownMarks): Input {
  let value: unknown;
  try {
    value = read();
  } catch (error) {
    if (unknown.throws?.(error) === true) return UNKNOWN_INPUT;
    throw error;
  }
  if (unknown.isValue?.(value) === true) return UNKNOWN_INPUT;
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object") return typeof value;
  const list: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined;
  // An unknown item throws when it is read, so each is read on its own.
  if (list !== undefined) return Array.from({ length: list.length }, (_, index) => inputOf(() => list[index], unknown));
  return inputRecordOf(value, unknown);
}

/** One object of inputs and where it lies; an empty text, list or null counts as absent, as it does for the provider. */
export class Inputs {
  readonly path: string;
  readonly #values: InputRecord;

  constructor(values: InputRecord, path = "") {
    this.#values = values;
    this.path = path;
  }

  /** The path of one of its properties, for a finding. */
  at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  names(): readonly string[] {
    return Object.keys(this.#values).filter((name) => this.has(name));
  }

  /** Whether a value is given, known or not. */
  has(path: string): boolean {
    const value = this.raw(path);
    return value !== undefined && value !== null && value !== "" && !(isInputList(value) && value.length === 0);
  }

  /** Whether a value is given, and a preview knows it. */
  knows(path: string): boolean {
    return this.has(path) && this.raw(path) !== UNKNOWN_INPUT;
  }

  /** Whether it cannot be there: neither given nor unknown. */
  lacks(path: string): boolean {
    return !this.has(path);
  }

  raw(path: string): Input {
    return path.split(".").reduce<Input>((at, key) => {
      if (at === UNKNOWN_INPUT) return at;
      return isInputRecord(at) ? at[key] : undefined;
    }, this.#values);
  }

  /** The known text, or undefined. */
  text(path: string): string | undefined {
    const value = this.raw(path);
    if (typeof value === "number") return String(value);
    return typeof value === "string" && value !== "" ? value : undefined;
  }

  /** The known number; a numeric text counts. */
  number(path: string): number | undefined {
    const value = this.raw(path);
    const number = typeof value === "string" && value !== "" ? Number(value) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : undefined;
  }

  /** Whether it is known to be true. */
  isTrue(path: string): boolean {
    const value = this.raw(path);
    return value === true || value === "true";
  }

  /** Whether it is known not to be true; an absent value is not. */
  isFalse(path: string): boolean {
    const value = this.raw(path);
    return value !== UNKNOWN_INPUT && !this.isTrue(path);
  }

  /** The known texts of a list; undefined when the list or one of them is unknown. */
  texts(path: string): readonly string[] | undefined {
    const value = this.raw(path);
    if (value === undefined || value === null) return [];
    if (!isInputList(value)) return undefined;
    return value.every((each): each is string => typeof each === "string") ? value : undefined;
  }

  /** The known texts of a list that may have unknown ones beside them. */
  knownTexts(path: string): readonly string[] {
    const value = this.raw(path);
    return isInputList(value) ? value.filter((each): each is string => typeof each === "string") : [];
  }

  /** The object there. */
  object(path: string): Inputs | undefined {
    const value = this.raw(path);
    return isInputRecord(value) ? new Inputs(value, this.at(path)) : undefined;
  }

  /** The objects of the list there. */
  objects(path: string): readonly Inputs[] {
    const value = this.raw(path);
    if (!isInputList(value)) return [];
    return value.flatMap((each, index) =>
      isInputRecord(each) ? [new Inputs(each, `${this.at(path)}[${index}]`)] : [],
    );
  }
}
