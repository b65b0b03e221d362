import type { PropsOf } from "../resource-types.ts";

type Parameters = PropsOf<"aws:rds/parameterGroup:ParameterGroup">;

/** A parameter's value in the group, or undefined where the group leaves PostgreSQL's default. */
export function parameterOf({ parameters = [] }: Parameters, name: string): string | undefined {
  return parameters.find((parameter) => parameter.name === name)?.value;
}

/** Parameter groups belong to an engine; these are PostgreSQL's. */
export function isForPostgres({ family }: Parameters): boolean {
  return family?.startsWith("postgres") === true;
}
