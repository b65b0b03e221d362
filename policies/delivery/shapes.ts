import { type Declaration, declare, json, type Matcher, madeOf, type Shape } from "../declared/shape.ts";

/** An IAM document of these statements in this order, no more and no fewer. */
export const iam = (...statements: readonly Shape[]): Matcher =>
  json({ Version: "2012-10-17", Statement: [...statements] });

/** The same with outputs of these resources in it. */
export const iamOf = (sources: readonly string[], ...statements: readonly Shape[]): Matcher =>
  madeOf(iam(...statements), ...sources);

interface Grant {
  readonly [key: string]: Shape;
}

/** A statement that allows these actions on these resources. */
export const allow = (Action: readonly string[], Resource: readonly Shape[]): Grant => ({
  Effect: "Allow",
  Action: [...Action],
  Resource: [...Resource],
});

/** One resource by its logical name. */
export const one = (type: string, name: string, properties: Declaration["properties"]): Declaration[] =>
  declare(type, { [name]: properties });
