import { UNKNOWN } from "../../shared/engine-values.ts";
import { differenceOf } from "../aws/difference.ts";
import type {
  Checked,
  CheckRequest,
  Created,
  CreateRequest,
  Difference,
  DiffRequest,
  Outputs,
  ProviderModel,
  Read,
  ReadRequest,
  UpdateRequest,
} from "../provider/model.ts";
import { Bytes } from "./bytes.ts";
import { RANDOM_MODELS, type RandomModel } from "./values.ts";

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
